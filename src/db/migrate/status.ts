import postgres from 'postgres'
import { MigrationError } from './error.js'
import { listMigrations, type Migration, readMigrations } from './files.js'
import { type LedgerRow, readLedger } from './ledger.js'
import { inTime, withConnection } from './session.js'

export interface MigrationState {
  name: string
  /** `unknown` is applied here, but has no file in this release; `half-way` stopped and waits for a person. */
  state: 'applied' | 'pending' | 'edited' | 'unknown' | 'half-way'
  appliedAt: Date | undefined
}

/** What each migration is to this database, by name. Changes nothing, and takes no lock. @throws MigrationError */
export async function migrationStatus(url: string, options: { folder: string }): Promise<MigrationState[]> {
  const migrations = new Map((await readMigrations(options.folder)).map((one) => [one.name, one]))
  const ledger = await withConnection(url, (sql) => inTime(sql, readLedger(sql))).catch(explainDenial)
  const names = [...new Set([...migrations.keys(), ...ledger.keys()])].sort()
  return names.map((name) => {
    const row = ledger.get(name)
    return { name, state: stateOf(migrations.get(name), row), appliedAt: row?.appliedAt }
  })
}

/**
 * Names that this release brings and the database lacks. Cheap enough for a readiness probe; the role needs
 * USAGE on the schema drizzle and SELECT on drizzle.migrations.
 */
export async function pendingMigrations(sql: postgres.Sql, options: { folder: string }): Promise<string[]> {
  const [names, ledger] = await Promise.all([listMigrations(options.folder), readLedger(sql)])
  return names.filter((name) => ledger.get(name)?.state !== 'applied')
}

function stateOf(migration: Migration | undefined, row: LedgerRow | undefined): MigrationState['state'] {
  if (row === undefined) return 'pending'
  if (row.state !== 'applied') return 'half-way'
  if (migration === undefined) return 'unknown'
  return migration.hash === row.hash ? 'applied' : 'edited'
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const INSUFFICIENT_PRIVILEGE = '42501'

function explainDenial(error: unknown): never {
  const isDenial = error instanceof postgres.PostgresError && error.code === INSUFFICIENT_PRIVILEGE
  if (!isDenial) throw error
  throw new MigrationError(
    `${error.message}: run npm run db:upgrade, which gives the role of DATABASE_URL its rights`,
  )
}
