// No library serves: neither pg nor postgres.js detects a pooler, and poolers do not announce themselves.
import postgres, { type Sql } from 'postgres'
import { openPostgres, placesOf } from '../../lib/database-url/index.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { withQueryTimeout } from './connection.js'

/** A pooler, such as PgBouncer, between this process and PostgreSQL. */
export type Pooler = {
  /**
   * `transaction`: a client has a PostgreSQL session only within a transaction.
   * `session`: it has one for the life of its connection.
   */
  mode: 'session' | 'transaction'
  /** True if prepared statements survive the transaction, as with PgBouncer 1.21 and later. */
  keepsStatements: boolean
}

type Inspection = { url: string; timeoutMs: number }

const ROUNDS = 3

/** By URL. A process detects each pooler only once. */
const poolers = new Map<string, Pooler | undefined>()

/**
 * Returns undefined if `url` leads to PostgreSQL directly.
 * @throws {OperatorError} when the database cannot be reached within `timeoutMs`
 */
export async function findPooler(inspection: Inspection): Promise<Pooler | undefined> {
  const { url } = inspection
  if (!poolers.has(url)) poolers.set(url, await detectPooler(inspection))
  return poolers.get(url)
}

/**
 * When a connection opens, PostgreSQL reports the process id of its backend. A pooler has no backend
 * yet at that time and reports a made-up number.
 */
async function detectPooler({ url, timeoutMs }: Inspection): Promise<Pooler | undefined> {
  const open = () =>
    openPostgres(url, {
      max: 1,
      fetch_types: false,
      connect_timeout: timeoutMs / 1000,
      onnotice: () => undefined,
    })
  const [first, second] = [open(), open()]
  const inspect = async (): Promise<Pooler | undefined> => {
    const { reported, actual } = await backendPidsOf(first)
    if (reported === actual) return undefined
    if (!(await shareSessions(first, second))) return { mode: 'session', keepsStatements: true }
    return { mode: 'transaction', keepsStatements: await renamesStatements(first) }
  }
  try {
    return await withQueryTimeout(inspect(), timeoutMs)
  } catch (error) {
    throw toOperatorError(url, error)
  } finally {
    await Promise.all([first, second].map((sql) => sql.end({ timeout: 0 }).catch(() => undefined)))
  }
}

function toOperatorError(url: string, error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  const reason = error instanceof postgres.PostgresError ? error.message : (error as { code?: string }).code
  return new OperatorError(`cannot connect to the database at ${placesOf(url)}: ${reason}`)
}

/**
 * Guards features that need a session, such as LISTEN and advisory locks: in transaction mode a
 * pooler loses them silently between transactions. `consequence` completes the error message.
 * @throws {OperatorError} when the URL leads through a pooler in transaction mode
 */
export async function refuseTransactionPooler(inspection: Inspection, consequence: string): Promise<void> {
  if ((await findPooler(inspection))?.mode !== 'transaction') return
  throw new OperatorError(
    `${placesOf(inspection.url)} is a pooler in transaction mode, where ${consequence}: set DATABASE_DIRECT_URL, and DATABASE_MIGRATION_URL if there is one, to PostgreSQL itself`,
  )
}

/**
 * To be called before a migration takes its lock.
 * @throws {OperatorError} when `url` leads through a pooler in transaction mode
 */
export const refuseToMigrateThroughPooler = (url: string): Promise<void> =>
  refuseTransactionPooler({ url, timeoutMs: 10_000 }, 'migrations cannot hold their lock')

/**
 * Checks the session settings behind a pooler. A pooler opens its own connections to PostgreSQL, so
 * this process cannot set them.
 * @throws {OperatorError} when a setting differs, with how to set it
 */
export async function refuseOtherSettings(sql: Sql, wanted: Record<string, string | number>): Promise<void> {
  const rows = await sql<{ name: string; setting: string }[]>`
    select name, setting from pg_settings where name in ${sql(Object.keys(wanted))} order by name`
  const mismatches = rows.filter(({ name, setting }) => setting !== String(wanted[name]))
  if (mismatches.length === 0) return
  const differences = mismatches.map(({ name, setting }) => `${name} is ${setting}, not ${wanted[name]}`)
  throw new OperatorError(
    `DATABASE_URL leads through a pooler, and behind it ${differences.join('; ')}: set that in the pooler (connect_query of PgBouncer), or for the role (alter role … set …).`,
  )
}

async function backendPidsOf(sql: Sql) {
  const rows = await sql.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid')
  return { reported: rows.state.pid, actual: rows[0]?.pid }
}

/**
 * Returns true if both clients get the same session, or one client gets two: transaction mode. A
 * pooler hands out either the session that was released last, which the other client then gets, or
 * all sessions in turn, and then the first client gets two.
 */
async function shareSessions(first: Sql, second: Sql): Promise<boolean> {
  const firstPids = new Set<number | undefined>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const _ of ['once', 'twice']) firstPids.add((await backendPidsOf(first)).actual)
    if (firstPids.size > 1 || firstPids.has((await backendPidsOf(second)).actual)) return true
  }
  return false
}

/** Returns true if the pooler tracks prepared statements: it then renames them. */
async function renamesStatements(sql: Sql): Promise<boolean> {
  await sql.unsafe('begin')
  const rows = await sql.unsafe<{ name: string }[]>(
    'select name from pg_prepared_statements where statement like $1',
    ['select name from pg_prepared_statements%'],
    { prepare: true },
  )
  const unrenamed = rows.find(({ name }) => name === rows.statement.name)
  if (unrenamed) await sql`deallocate ${sql(unrenamed.name)}`.simple()
  await sql.unsafe('commit')
  return unrenamed === undefined
}
