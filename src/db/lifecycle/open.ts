import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../embedded-postgres/index.js'
import { parseDatabaseUrl } from '../../lib/database-url/index.js'

export type OpenDatabase = {
  /** For the role that the API runs as. */
  url: string
  /** The same without a pooler in between, for what needs a session of its own. */
  directUrl: string
  /** For the role that owns the tables and migrates. */
  migrationUrl: string
  appRole: string
  /** For whoever brings the database up to date. */
  auditRetentionMonths: number | undefined
  embedded: boolean
  close: () => Promise<void>
}

type DatabaseSettings = {
  DATABASE_URL?: string | undefined
  DATABASE_DIRECT_URL?: string | undefined
  DATABASE_MIGRATION_URL?: string | undefined
  DATA_DIR: string
  AUDIT_RETENTION_MONTHS?: number | undefined
}

/** The configured database, or the embedded one: every entry point gets its database here. */
export async function openDatabase(config: DatabaseSettings): Promise<OpenDatabase> {
  const common = { auditRetentionMonths: config.AUDIT_RETENTION_MONTHS }
  if (config.DATABASE_URL) {
    const url = config.DATABASE_URL
    const directUrl = config.DATABASE_DIRECT_URL ?? url
    const migrationUrl = config.DATABASE_MIGRATION_URL ?? directUrl
    return {
      ...common,
      url,
      directUrl,
      migrationUrl,
      appRole: roleOf(url),
      embedded: false,
      close: async () => undefined,
    }
  }
  const server = await startEmbeddedPostgres({ dataDir: join(config.DATA_DIR, 'postgres') })
  const url = server.appUrl
  const close = () => server.stop()
  const appRole = roleOf(url)
  return { ...common, url, directUrl: url, migrationUrl: server.ownerUrl, appRole, embedded: true, close }
}

const roleOf = (url: string): string => parseDatabaseUrl(url).user
