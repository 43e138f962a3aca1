import { sql } from 'drizzle-orm'
import type { Sql } from 'postgres'
import type { Db, Transactions, Tx } from '../driver/client.js'

/** As many as one call of `audit.move_entries` moves: some 0.4 seconds of PostgreSQL's time. */
const BATCH = 10_000
/** Limits how long a reader waits after a bulk write. The worker moves the rest within a minute. */
const BATCHES_OF_READERS = 2

const MOVE = 'select audit.move_entries() as moved'
type Moved = { moved: number }
/** At other levels a call would not see what the call before it, which it waited for, has moved. */
const ISOLATION = 'read committed'

/**
 * Moves all new entries of ended transactions into the log. Triggers write to `audit.new_entries`, so
 * whatever reads `audit.audit_log` moves first.
 */
export async function moveNewEntries(transactions: Transactions): Promise<void> {
  const move = () => transactions.begin(`isolation level ${ISOLATION}`, (tx) => tx.unsafe<Moved[]>(MOVE))
  while (!isLast(await move()));
}

/** Moves the new entries before a query. After a bulk write of more than 20,000 rows, not all of them. */
export async function moveForReaders(db: Db): Promise<void> {
  for (let batch = 0; batch < BATCHES_OF_READERS; batch++) {
    if (isLast(await db.transaction(moveBatch, { isolationLevel: ISOLATION }))) return
  }
}

/** Runs `work` in the transaction that has moved the last new entries. */
export async function withAllMoved<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (;;) {
    const done = await db.transaction(
      async (tx) => (isLast(await moveBatch(tx)) ? { result: await work(tx) } : undefined),
      { isolationLevel: ISOLATION },
    )
    if (done) return done.result
  }
}

const moveBatch = (tx: Tx): Promise<Moved[]> => tx.execute<Moved>(sql.raw(MOVE))

const isLast = ([result]: readonly Moved[]): boolean => (result?.moved ?? 0) < BATCH

/** More than the worker ever needs between two runs of its seal. */
const MAX_MINUTES = 10

/** A problem that the operator should look at: entries that nothing moves into the log. Undefined if all is well. */
export async function findMoveProblem(sql: Sql): Promise<string | undefined> {
  const [state] = await sql<{ isLate: boolean }[]>`
    select created_at < now() - make_interval(mins => ${MAX_MINUTES}) as "isLate" from audit.new_entries limit 1`
  return state?.isLate ? `new entries wait for more than ${MAX_MINUTES} minutes` : undefined
}
