import { sql } from 'drizzle-orm'
import { withAllMoved } from '../../src/db/audit/new-entries.js'
import type { Db } from '../../src/db/driver/client.js'
import { startCpuStopwatch } from '../lib/cpu.js'
import { inRequest } from './request.js'
import { auditedBulk, plainBulk, type Users } from './tables.js'

const ROWS = 1000

/** In µs per row: elapsed time, and CPU time of the database, which a busy machine affects less. */
type Figures = { elapsedUs: number; cpuUs: number }
/** `moveInsert` and `moveUpdate` are the moves of the entries into the log, afterwards. */
type Writes = Record<'insert' | 'moveInsert' | 'update' | 'moveUpdate', Figures>
export type BulkRound = { audited: Writes; plain: Writes }

/** Inserts and updates a thousand rows in one statement each, on an audited table and on a plain one. */
export async function measureBulkRound(db: Db, backends: readonly number[]): Promise<BulkRound> {
  const audited = await inRequest(() => measureTable(db, auditedBulk, backends))
  return { audited, plain: await inRequest(() => measureTable(db, plainBulk, backends)) }
}

async function measureTable(db: Db, table: Users, backends: readonly number[]): Promise<Writes> {
  const move = () => withAllMoved(db, async () => undefined)
  await db.delete(table)
  await move()
  const insert = await measure(backends, () =>
    db.execute(sql`
      insert into ${table} (email, password_hash, first_name, last_name)
      select 'bulk-' || n || '@example.com', repeat('x', 97), 'Ada', 'Lovelace' from generate_series(1, ${ROWS}::int) as n`),
  )
  const moveInsert = await measure(backends, move)
  const update = await measure(backends, () => db.update(table).set({ lastName: 'King' }))
  const moveUpdate = await measure(backends, move)
  return { insert, moveInsert, update, moveUpdate }
}

async function measure(backends: readonly number[], write: () => PromiseLike<unknown>): Promise<Figures> {
  const cpu = startCpuStopwatch(backends)
  const start = performance.now()
  await write()
  return { elapsedUs: ((performance.now() - start) * 1000) / ROWS, cpuUs: cpu.elapsedUs() / ROWS }
}
