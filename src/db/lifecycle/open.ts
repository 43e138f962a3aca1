import { join } from 'node:path'
import { parseDatabaseUrl } from '../../lib/database-url/index.js'

/** A database that is ready for connections, and the URLs for its roles. */
export type OpenDatabase = {
  /** Connects as the role of the application. */
  url: string
  /** Like `url`, but without a pooler in between, for features that need a session. */
  directUrl: string
  /** Connects as the role that owns the tables and runs migrations. */
  migrationUrl: string
  appRole: string
  /** For `prepareDatabase`. Undefined keeps the audit log for ever. */
  auditRetentionMonths: number | undefined
  /** For `prepareDatabase`. */
  isProduction: boolean
  /** True for the embedded server, which `close` stops. */
  embedded: boolean
  close: () => Promise<void>
}

type DatabaseSettings = {
  NODE_ENV: string
  DATABASE_URL?: string | undefined
  DATABASE_DIRECT_URL?: string | undefined
  DATABASE_MIGRATION_URL?: string | undefined
  DATA_DIR: string
  AUDIT_RETENTION_MONTHS?: number | undefined
}

/**
 * Opens the configured database, or starts the embedded server if DATABASE_URL is not set. Every
 * entry point gets its database here.
 */
export async function openDatabase(config: DatabaseSettings): Promise<OpenDatabase> {
  const common = {
    auditRetentionMonths: config.AUDIT_RETENTION_MONTHS,
    isProduction: config.NODE_ENV === 'production',
  }
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
  // Production never needs it.
  const { startEmbeddedPostgres } = await import('../../embedded-postgres/index.js')
  const server = await startEmbeddedPostgres({ dataDir: join(config.DATA_DIR, 'postgres') })
  const url = server.appUrl
  const close = () => server.stop()
  const appRole = roleOf(url)
  return { ...common, url, directUrl: url, migrationUrl: server.ownerUrl, appRole, embedded: true, close }
}

const roleOf = (url: string): string => parseDatabaseUrl(url).user
