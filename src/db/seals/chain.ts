// No library serves: packages such as merkletreejs hash values in memory. Here SQL hashes rows of any number,
// and seals form a chain.
import type { Sql, TransactionSql } from 'postgres'
import { type AuditRecord, type ChainHead, EMPTY_CHAIN, headOf } from '../../lib/audit/audit-records.js'

type AnySql = Sql | TransactionSql

/** A record as PostgreSQL returns it. */
type Row = Omit<AuditRecord, 'from' | 'to' | 'ids' | 'createdAt'> & {
  from: string
  to: string
  ids: string
  createdAt: string
}

const COLUMNS = `number, kind, from_transaction::text as from, to_transaction::text as to, ids::text as ids,
  log_count as "logCount", leaves, root, previous, details, key_id as "keyId",
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt", signature`

/** The last record's position in the chain. The records cover all transactions below `to`. */
export type ChainEnd = ChainHead & { to: bigint }

/**
 * The isolation level of transactions that lock the chain. At other levels the snapshot may be older
 * than the lock, and miss the record that its last holder committed.
 */
export const CHAIN_LOCK_ISOLATION = 'isolation level read committed'

/** Returns false while another transaction adds a record. The lock lasts until the transaction ends. */
export async function tryLockChain(tx: TransactionSql): Promise<boolean> {
  const [row] = await tx<{ locked: boolean }[]>`
    select pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('audit.seals')) as locked`
  return row?.locked === true
}

/** The end of the chain. `EMPTY_CHAIN` with `to` 0 if there is no record. */
export async function readChainEnd(sql: AnySql): Promise<ChainEnd> {
  const [row] = await sql.unsafe<Row[]>(
    `select ${COLUMNS} from audit.audit_seals order by number desc limit 1`,
  )
  if (!row) return { ...EMPTY_CHAIN, to: 0n }
  const record = toRecord(row)
  return { ...headOf(record), to: record.to }
}

/**
 * All records in order, one query each, because some are megabytes. `amendments`: only erasures and
 * drops; default false.
 */
export async function* readRecords(sql: AnySql, { amendments = false } = {}): AsyncGenerator<AuditRecord> {
  const kinds = amendments ? `and kind <> 'entries'` : ''
  const query = `select ${COLUMNS} from audit.audit_seals where number > $1 ${kinds} order by number limit 1`
  for (let number = 0; ; ) {
    const [row] = await sql.unsafe<Row[]>(query, [number])
    if (!row) return
    yield toRecord(row)
    number = row.number
  }
}

/** The number of rows in all seals, for the progress of a verification. */
export async function countSealed(sql: AnySql): Promise<number> {
  const [row] = await sql<{ count: string }[]>`
    select coalesce(sum(cardinality(ids)), 0) as count from audit.audit_seals where kind = 'entries'`
  return Number(row?.count)
}

/** The record as an SQL value, for `append_seal`, `drop_partition` or an `insert`. */
export const toSqlRow = (sql: AnySql, record: AuditRecord) => sql`
  row(${record.number}, ${record.kind}, ${`${record.from}`}::bigint, ${`${record.to}`}::bigint,
    ${`{${record.ids.join(',')}}`}::text::uuid[], ${record.logCount}, ${record.leaves}, ${record.root}, ${record.previous},
    ${record.details}, ${record.keyId}, ${record.createdAt.toISOString()}::text::timestamptz,
    ${record.signature})::audit.audit_seals`

const toRecord = ({ from, to, ids, createdAt, ...row }: Row): AuditRecord => ({
  ...row,
  from: BigInt(from),
  to: BigInt(to),
  ids: ids === '{}' ? [] : ids.slice(1, -1).split(','),
  createdAt: new Date(createdAt),
})
