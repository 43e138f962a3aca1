import { userInfo } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from './embedded/index.js'

export type OpenDatabase = {
  /** For the role that the API runs as. */
  url: string
  /** For the role that owns the tables and migrates. */
  migrationUrl: string
  appRole: string
  embedded: boolean
  close: () => Promise<void>
}

type DatabaseSettings = {
  DATABASE_URL?: string | undefined
  DATABASE_MIGRATION_URL?: string | undefined
  DATA_DIR: string
}

/** The configured database, or the embedded one: every entry point gets its database here. */
export async function openDatabase(config: DatabaseSettings): Promise<OpenDatabase> {
  if (config.DATABASE_URL) {
    const migrationUrl = config.DATABASE_MIGRATION_URL ?? config.DATABASE_URL
    return describe(config.DATABASE_URL, migrationUrl, false, async () => undefined)
  }
  const server = await startEmbeddedPostgres({ dataDir: join(config.DATA_DIR, 'postgres') })
  return describe(server.appUrl, server.ownerUrl, true, () => server.stop())
}

/** Without a name in the URL the client signs in as the operating system's user. */
const roleOf = (url: string): string => decodeURIComponent(new URL(url).username) || userInfo().username

const describe = (
  url: string,
  migrationUrl: string,
  embedded: boolean,
  close: () => Promise<void>,
): OpenDatabase => ({ url, migrationUrl, appRole: roleOf(url), embedded, close })
