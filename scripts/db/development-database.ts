import { type Config, loadConfig } from '../../src/config/index.js'
import { type OpenDatabase, openDatabase } from '../../src/db/lifecycle/open.js'
import { isMarkedAsProduction } from '../../src/db/lifecycle/production-mark.js'
import { withConnection } from '../../src/db/migrate/session.js'
import { parseDatabaseUrl, placesOf } from '../../src/lib/database-url/index.js'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { isLoopback } from '../../src/lib/network/loopback.js'

/**
 * Runs `work` with the configured database.
 *
 * @throws {OperatorError} when this is production, or production has migrated the database
 */
export async function withDevelopmentDatabase(
  command: string,
  work: (database: OpenDatabase, config: Config) => Promise<void>,
): Promise<void> {
  // The configuration has complaints of its own about production, which would hide this one.
  refuseProduction(command, process.env)
  const config = loadConfig()
  refuseProduction(command, config)
  const database = await openDatabase(config)
  try {
    if (await withConnection(database.migrationUrl, isMarkedAsProduction))
      throw new OperatorError(
        `${command} refuses ${describeDatabase(database)}, which production has migrated, as the comment on its schema drizzle says`,
      )
    await work(database, config)
  } finally {
    await database.close()
  }
}

export function describeDatabase({ migrationUrl }: Pick<OpenDatabase, 'migrationUrl'>): string {
  return `the database ${parseDatabaseUrl(migrationUrl).database} at ${placesOf(migrationUrl)}`
}

export const isOnThisMachine = ({ migrationUrl }: Pick<OpenDatabase, 'migrationUrl'>): boolean =>
  parseDatabaseUrl(migrationUrl).places.every(
    ({ host }) => host.startsWith('/') || isLoopback(host.includes(':') ? `[${host}]` : host),
  )

function refuseProduction(command: string, { NODE_ENV }: { NODE_ENV?: string | undefined }): void {
  if (NODE_ENV?.trim() === 'production') throw new OperatorError(`${command} is not for NODE_ENV=production`)
}
