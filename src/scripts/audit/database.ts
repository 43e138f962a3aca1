import type postgres from 'postgres'
import type { Config } from '../../config/index.js'
import { openDatabase } from '../../db/lifecycle/open.js'
import { prepareDatabase } from '../../db/lifecycle/setup.js'
import { openPostgres } from '../../lib/database-url/index.js'

/**
 * Runs `work` on a separate connection. Migrates the embedded database
 * first, as every process that uses it does.
 */
export async function withDatabase<T>(
  config: Config,
  role: 'application' | 'owner',
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(config)
  try {
    if (database.embedded) await prepareDatabase(database)
    const sql = openPostgres(role === 'owner' ? database.migrationUrl : database.directUrl, {
      max: 1,
      fetch_types: false,
      max_lifetime: null,
      onnotice: () => undefined,
      connect_timeout: config.DATABASE_CONNECT_TIMEOUT_MS / 1000,
      connection: { application_name: 'audit' },
    })
    return await work(sql).finally(() => sql.end())
  } finally {
    await database.close()
  }
}
