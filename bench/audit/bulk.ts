import { sql } from 'drizzle-orm'
import type { Db } from '../../src/db/client.js'
import { inRequest } from './request.js'
import { auditedBulk, plainBulk, type Users } from './tables.js'

const ROWS = 1000

/** µs a row. */
type Figures = { insert: number; update: number }
export type BulkRound = { audited: Figures; plain: Figures }

/** A thousand rows by one statement each, on a table that is audited and on one that is not. */
export async function measureBulkRound(db: Db): Promise<BulkRound> {
  const audited = await inRequest(() => measureTable(db, auditedBulk))
  return { audited, plain: await inRequest(() => measureTable(db, plainBulk)) }
}

async function measureTable(db: Db, table: Users): Promise<Figures> {
  await db.delete(table)
  const insert = await timeOf(() =>
    db.execute(sql`
      insert into ${table} (email, password_hash, first_name, last_name)
      select 'bulk-' || n || '@example.com', repeat('x', 97), 'Ada', 'Lovelace' from generate_series(1, ${ROWS}::int) as n`),
  )
  const update = await timeOf(() => db.update(table).set({ lastName: 'King' }))
  return { insert, update }
}

async function timeOf(write: () => PromiseLike<unknown>): Promise<number> {
  const start = performance.now()
  await write()
  return ((performance.now() - start) * 1000) / ROWS
}
