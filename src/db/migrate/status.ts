import postgres from 'postgres'
import { MigrationError } from './error.js'
import { listMigrations, type Migration, readMigrations } from './files.js'
import { compareHistories, type History } from './history.js'
import { type LedgerRow, readLedger } from './ledger.js'
import { withConnection, withTimeLimit } from './session.js'

export interface MigrationState {
  name: string
  /**
   * `edited`: the file changed after it was applied. `newer`: applied by a newer release. `unknown`:
   * no file in this release, though older than its newest one. `half-way`: stopped, and the operator
   * must resolve it.
   */
  state: 'applied' | 'pending' | 'edited' | 'newer' | 'unknown' | 'half-way'
  appliedAt: Date | undefined
}

/**
 * The state of every migration in this database, ordered by name. Reads only, without a lock.
 * @throws {MigrationError} when the files or the ledger cannot be read
 */
export async function migrationStatus(url: string, options: { folder: string }): Promise<MigrationState[]> {
  const migrations = new Map(
    (await readMigrations(options.folder)).map((migration) => [migration.name, migration]),
  )
  const ledger = await withConnection(url, (sql) => withTimeLimit(sql, readLedger(sql))).catch(explainDenial)
  const { newer } = compareHistories([...migrations.keys()], [...ledger.keys()])
  const names = [...new Set([...migrations.keys(), ...ledger.keys()])].sort()
  return names.map((name) => {
    const row = ledger.get(name)
    const state = newer.includes(name) ? 'newer' : stateOf(migrations.get(name), row)
    return { name, state, appliedAt: row?.appliedAt }
  })
}

/**
 * Compares the database with this release. Half-way migrations count as pending. Cheap enough for a
 * readiness probe. The role needs USAGE on the schema drizzle and SELECT on drizzle.migrations.
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
