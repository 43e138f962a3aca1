import type { OpenDatabase } from '../../db/lifecycle/open.js'
import { MIGRATIONS_FOLDER, prepareDatabase } from '../../db/lifecycle/setup.js'
import { MigrationError, migrationStatus } from '../../db/migrate/index.js'

/**
 * Checks that the database has all migrations. Migrates the embedded
 * database, as every process that uses it does.
 *
 * @throws {MigrationError} when another database lacks migrations
 */
export async function requireMigrations(database: OpenDatabase): Promise<void> {
  if (database.embedded) {
    await prepareDatabase(database)
    return
  }
  const states = await migrationStatus(database.directUrl, { folder: MIGRATIONS_FOLDER })
  const pending = states.filter(({ state }) => state === 'pending').map(({ name }) => name)
  if (pending.length === 0) return
  throw new MigrationError(`The database lacks migrations (${pending.join(', ')}): run npm run db:upgrade`)
}
