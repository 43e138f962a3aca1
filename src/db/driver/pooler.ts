import postgres, { type Sql } from 'postgres'
import { openPostgres, placesOf } from '../../lib/database-url/index.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { answered } from './connection.js'

/** What connections of ours lead through before they reach PostgreSQL. */
export type Pooler = {
  /** `transaction`: several clients have one session of PostgreSQL in turn. `session`: each has one for as long as it stays. */
  mode: 'session' | 'transaction'
  /** Whether a statement that was prepared once is there in the next transaction: PgBouncer 1.21 and later see to that. */
  keepsStatements: boolean
}

type Inspection = { url: string; timeoutMs: number }

const ROUNDS = 3

/** By URL: a process looks once, and not again for each thing that needs to know. */
const found = new Map<string, Pooler | undefined>()

/** Undefined where PostgreSQL is reached directly. */
export async function findPooler(inspection: Inspection): Promise<Pooler | undefined> {
  const { url } = inspection
  if (!found.has(url)) found.set(url, await lookForPooler(inspection))
  return found.get(url)
}

/**
 * At the start of a connection PostgreSQL names the process that serves it; a pooler, which is there before it has one, makes a
 * number up.
 */
async function lookForPooler({ url, timeoutMs }: Inspection): Promise<Pooler | undefined> {
  const open = () =>
    openPostgres(url, {
      max: 1,
      fetch_types: false,
      connect_timeout: timeoutMs / 1000,
      onnotice: () => undefined,
    })
  const [first, second] = [open(), open()]
  const inspect = async (): Promise<Pooler | undefined> => {
    const { named, serving } = await processesOf(first)
    if (named === serving) return undefined
    if (!(await areSerialized(first, second))) return { mode: 'session', keepsStatements: true }
    return { mode: 'transaction', keepsStatements: await renamesStatements(first) }
  }
  try {
    return await answered(inspect(), timeoutMs)
  } catch (error) {
    throw explainAbsence(url, error)
  } finally {
    await Promise.all([first, second].map((sql) => sql.end({ timeout: 0 }).catch(() => undefined)))
  }
}

function explainAbsence(url: string, error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  const reason = error instanceof postgres.PostgresError ? error.message : (error as { code?: string }).code
  return new OperatorError(`cannot connect to the database at ${placesOf(url)}: ${reason}`)
}

/** For what belongs to a session, such as LISTEN and locks. It would be lost between transactions, and nobody would notice. */
export async function refuseTransactionPooler(inspection: Inspection, loss: string): Promise<void> {
  if ((await findPooler(inspection))?.mode !== 'transaction') return
  throw new OperatorError(
    `${placesOf(inspection.url)} is a pooler in transaction mode, where ${loss}: set DATABASE_DIRECT_URL, and DATABASE_MIGRATION_URL if there is one, to PostgreSQL itself`,
  )
}

/** Before a migration takes its lock. */
export const refuseToMigrateThroughPooler = (url: string): Promise<void> =>
  refuseTransactionPooler({ url, timeoutMs: 10_000 }, 'migrations cannot keep each other out')

/** A pooler opens its connections itself, and knows nothing of what we would ask for at the start of ours. */
export async function refuseOtherSettings(sql: Sql, wanted: Record<string, string | number>): Promise<void> {
  const rows = await sql<{ name: string; setting: string }[]>`
    select name, setting from pg_settings where name in ${sql(Object.keys(wanted))} order by name`
  const others = rows.filter(({ name, setting }) => setting !== String(wanted[name]))
  if (others.length === 0) return
  const differences = others.map(({ name, setting }) => `${name} is ${setting}, not ${wanted[name]}`)
  throw new OperatorError(
    `DATABASE_URL leads through a pooler, and behind it ${differences.join('; ')}: set that in the pooler (connect_query of PgBouncer), or for the role (alter role … set …).`,
  )
}

async function processesOf(sql: Sql) {
  const rows = await sql.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid')
  return { named: rows.state.pid, serving: rows[0]?.pid }
}

/**
 * Whether two clients ever meet the same session, or one of them two. A pooler hands out either what came back last, which the
 * other one gets, or each in turn, of which the first one gets two.
 */
async function areSerialized(first: Sql, second: Sql): Promise<boolean> {
  const own = new Set<number | undefined>()
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const _ of ['once', 'and again']) own.add((await processesOf(first)).serving)
    if (own.size > 1 || own.has((await processesOf(second)).serving)) return true
  }
  return false
}

/** A pooler that keeps track of statements gives them names of its own. */
async function renamesStatements(sql: Sql): Promise<boolean> {
  await sql.unsafe('begin')
  const rows = await sql.unsafe<{ name: string }[]>(
    'select name from pg_prepared_statements where statement like $1',
    ['select name from pg_prepared_statements%'],
    { prepare: true },
  )
  const own = rows.find(({ name }) => name === rows.statement.name)
  if (own) await sql`deallocate ${sql(own.name)}`.simple()
  await sql.unsafe('commit')
  return own === undefined
}
