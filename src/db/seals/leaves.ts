import type { TransactionSql } from 'postgres'
import type { AuditRecord, Leaves } from '../../lib/audit/audit-records.js'

/**
 * What is hashed of a row: all of it. The texts are here rather than in a function of the database, for whoever could
 * change a row could change that function as well.
 */
const ROW_TEXTS = {
  log: `jsonb_build_array(r.id, r.created_at, r.transaction_id, r.database_user, r.actor, r.user_id, r.organization_id,
    r.request_id, r.table_name, r.object_id, r.action, r.changed, r.state_before, r.state_after, r.method, r.url,
    r.headers, r.body, r.args, r.ip)::text`,
  requests: `jsonb_build_array(r.id, r.created_at, r.transaction_id, r.request_id, r.actor, r.user_id, r.subject_id,
    r.organization_id, r.event, r.outcome, r.status, r.duration_ms, r.method, r.route, r.url, r.ip, r.headers, r.body,
    r.args, r.rows_changed, r.entries)::text`,
}

/**
 * What is hashed of the columns that later migrations added, as `|| coalesce(to_jsonb(r.name)::text, '')`: the hash of older
 * rows, in which they are null, is as it was.
 */
const LATER_TEXTS = {
  log: `|| coalesce(to_jsonb(r.cause_id)::text, '')`,
  requests: `|| coalesce(to_jsonb(r.cause_id)::text, '') || coalesce(to_jsonb(r.count)::text, '')`,
}
const NO_TEXTS = { log: '', requests: '' }

/** In the details of a record, which are signed: its leaves take in the later columns. */
export const LEAF_FORM = { leaves: 2 }

/** Whether a worker of an older release made it: both run while a release is rolled out. */
export const isOfEarlierForm = ({ details }: AuditRecord): boolean =>
  (JSON.parse(details) as Partial<typeof LEAF_FORM>).leaves === undefined

/** RFC 6962: the first byte tells a leaf from a node. */
const leafOf = (text: string): string => `sha256('\\x00'::bytea || convert_to(${text}, 'UTF8'))`

const LEAVES_WHERE = (condition: string, later = LATER_TEXTS): string => `
  select true as "isLog", r.id::text as id, ${leafOf(ROW_TEXTS.log + later.log)} as leaf from audit.audit_log r where ${condition}
  union all
  select false, r.id::text, ${leafOf(ROW_TEXTS.requests + later.requests)} from audit.audit_requests r where ${condition}
  order by 1 desc, 2`

// As the indexes have it.
const TRANSACTION = 'r.transaction_id::text::bigint'
const LEAVES_OF_TRANSACTIONS = LEAVES_WHERE(`${TRANSACTION} >= $1 and ${TRANSACTION} < $2`)
const OF_ROWS = 'r.id = any($1::text::uuid[])'
const LEAVES_OF_ROWS = LEAVES_WHERE(OF_ROWS)
const EARLIER_LEAVES_OF_ROWS = LEAVES_WHERE(OF_ROWS, NO_TEXTS)
const TRANSACTIONS = ['audit.audit_log', 'audit.audit_requests']
  .map(
    (table) =>
      `select ${TRANSACTION} as id from ${table} r where ${TRANSACTION} >= $1 and ${TRANSACTION} < $2`,
  )
  .join(' union all ')

const UNSEALED = ['audit_log', 'audit_requests']
  .map(
    (table) => `select '${table}' as "table", count(*)::int as count,
      coalesce(array_agg(r.id) filter (where r.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())), '{}')::text as impossible
      from audit.${table} r where ${TRANSACTION} >= $1`,
  )
  .join(' union all ')

const ROWS_AT_ONCE = 5_000

/** Makes the hashes independent of the session, and of what somebody put in the way of PostgreSQL's own functions. */
export const prepareHashing = async (tx: TransactionSql): Promise<void> => {
  await tx`select set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true),
    set_config('search_path', 'pg_catalog', true), set_config('statement_timeout', '0', true),
    -- The planner knows nothing of the order of young rows.
    set_config('enable_seqscan', 'off', true)`
}

/** The rows that the transactions from `from` to below `to` wrote. */
export const readLeaves = (tx: TransactionSql, from: bigint, to: bigint): Promise<Leaves> =>
  collect(tx, LEAVES_OF_TRANSACTIONS, [`${from}`, `${to}`])

export const readLeavesOfRows = (tx: TransactionSql, ids: readonly string[]): Promise<Leaves> =>
  collect(tx, LEAVES_OF_ROWS, [`{${ids.join(',')}}`])

/** Without the later columns. */
export const readEarlierLeavesOfRows = (tx: TransactionSql, ids: readonly string[]): Promise<Leaves> =>
  collect(tx, EARLIER_LEAVES_OF_ROWS, [`{${ids.join(',')}}`])

async function collect(tx: TransactionSql, query: string, values: string[]): Promise<Leaves> {
  const ids: string[] = []
  const leaves: Buffer[] = []
  let logCount = 0
  for await (const rows of tx
    .unsafe<{ isLog: boolean; id: string; leaf: Buffer }[]>(query, values)
    .cursor(ROWS_AT_ONCE)) {
    for (const { isLog, id, leaf } of rows) {
      ids.push(id)
      leaves.push(leaf)
      if (isLog) logCount += 1
    }
  }
  return { ids, logCount, leaves: Buffer.concat(leaves) }
}

/** How many rows there are of these transactions, the first of them, and the one that a row number belongs to. */
export async function measureTransactions(tx: TransactionSql, from: bigint, to: bigint, rowNumber: number) {
  const [row] = await tx.unsafe<{ first: string | null; at: string | null }[]>(
    `with t as materialized (${TRANSACTIONS})
     select (select min(id) from t) as first, (select id from t order by id offset $3 limit 1) as at`,
    [`${from}`, `${to}`, rowNumber],
  )
  return { first: toBigInt(row?.first), at: toBigInt(row?.at) }
}

/** The rows that no seal covers yet, and the ids of those whose transaction has not happened: PostgreSQL never wrote them. */
export async function readUnsealed(tx: TransactionSql, from: bigint) {
  const rows = await tx.unsafe<{ table: string; count: number; impossible: string }[]>(UNSEALED, [`${from}`])
  return rows.map(({ impossible, ...row }) => ({ ...row, impossible: impossible.match(/[\w-]+/g) ?? [] }))
}

const toBigInt = (text: string | null | undefined): bigint | undefined =>
  text === null || text === undefined ? undefined : BigInt(text)
