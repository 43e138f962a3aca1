import postgres from 'postgres'
import { MigrationError } from './error.js'
import { listMigrations, type Migration, readMigrations } from './files.js'
import { compareHistories, type History } from './history.js'
import { type LedgerRow, readLedger } from './ledger.js'
import { inTime, withConnection } from './session.js'

export interface MigrationState {
  name: string
  /**
   * `newer` is a newer release's; `unknown` has no file in this release either, but is not after all that it has;
   * `half-way` stopped and waits for a person.
   */
  state: 'applied' | 'pending' | 'edited' | 'newer' | 'unknown' | 'half-way'
  appliedAt: Date | undefined
}

/** What each migration is to this database, by name. Changes nothing, and takes no lock. @throws MigrationError */
export async function migrationStatus(url: string, options: { folder: string }): Promise<MigrationState[]> {
  const migrations = new Map((await readMigrations(options.folder)).map((one) => [one.name, one]))
  const ledger = await withConnection(url, (sql) => inTime(sql, readLedger(sql))).catch(explainDenial)
  const { newer } = compareHistories([...migrations.keys()], [...ledger.keys()])
  const names = [...new Set([...migrations.keys(), ...ledger.keys()])].sort()
  return names.map((name) => {
    const row = ledger.get(name)
    const state = newer.includes(name) ? 'newer' : stateOf(migrations.get(name), row)
    return { name, state, appliedAt: row?.appliedAt }
  })
}

/**
 * What this release brings and the database lacks, and the other way round. Cheap enough for a readiness probe; the role
 * needs USAGE on the schema drizzle and SELECT on drizzle.migrations.
 */
export async function readHistory(sql: postgres.Sql, options: { folder: string }): Promise<History> {
  const [names, ledger] = await Promise.all([listMigrations(options.folder), readLedger(sql)])
  const halfWay = names.filter((name) => (ledger.get(name)?.state ?? 'applied') !== 'applied')
  const history = compareHistories(names, [...ledger.keys()])
  return { ...history, pending: [...history.pending, ...halfWay].sort() }
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
