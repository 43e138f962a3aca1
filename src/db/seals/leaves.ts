import type { TransactionSql } from 'postgres'
import type { AuditRecord, Leaves } from '../../lib/audit/audit-records.js'

/**
 * The text of a row that is hashed: all columns. It is built by this code and not by a function of
 * the database, because an attacker who can change rows could change the function, too.
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
 * The text of columns that later migrations added, each as `|| coalesce(to_jsonb(r.name)::text, '')`.
 * In older rows they are null, so the hashes of those rows stay the same.
 */
const LATER_TEXTS = {
  log: `|| coalesce(to_jsonb(r.cause_id)::text, '')`,
  requests: `|| coalesce(to_jsonb(r.cause_id)::text, '') || coalesce(to_jsonb(r.count)::text, '')`,
}
const NO_TEXTS = { log: '', requests: '' }

/** Part of a record's signed details. It says that its leaves include the later columns. */
export const LEAF_FORM = { leaves: 2 }

/** True for a record of an older release, whose worker may still run during a rollout. */
export const isOfEarlierForm = ({ details }: AuditRecord): boolean =>
  (JSON.parse(details) as Partial<typeof LEAF_FORM>).leaves === undefined

/** RFC 6962: the first byte distinguishes a leaf from a node. */
const leafOf = (text: string): string => `sha256('\\x00'::bytea || convert_to(${text}, 'UTF8'))`

const LEAVES_WHERE = (condition: string, later = LATER_TEXTS): string => `
  select true as "isLog", r.id::text as id, ${leafOf(ROW_TEXTS.log + later.log)} as leaf from audit.audit_log r where ${condition}
  union all
  select false, r.id::text, ${leafOf(ROW_TEXTS.requests + later.requests)} from audit.audit_requests r where ${condition}
  order by 1 desc, 2`

// The same expression as in the indexes.
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
  .concat(`select 'new_entries', count(*)::int, '{}' from audit.new_entries`)
  .join(' union all ')

const CURSOR_ROWS = 5_000

/**
 * Prepares the transaction, so that hashes depend neither on session settings nor on functions that
 * shadow PostgreSQL's own.
 */
export const prepareHashing = async (tx: TransactionSql): Promise<void> => {
  await tx`select set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true),
    set_config('search_path', 'pg_catalog', true), set_config('statement_timeout', '0', true),
    -- The planner knows nothing of the order of young rows.
    set_config('enable_seqscan', 'off', true)`
}

/** The leaves of rows that the transactions from `from` to below `to` wrote. */
export const readLeaves = (tx: TransactionSql, from: bigint, to: bigint): Promise<Leaves> =>
  collect(tx, LEAVES_OF_TRANSACTIONS, [`${from}`, `${to}`])

/** The leaves of rows by id, with the later columns. */
export const readLeavesOfRows = (tx: TransactionSql, ids: readonly string[]): Promise<Leaves> =>
  collect(tx, LEAVES_OF_ROWS, [`{${ids.join(',')}}`])

/** The leaves of rows by id, without the later columns. */
export const readEarlierLeavesOfRows = (tx: TransactionSql, ids: readonly string[]): Promise<Leaves> =>
  collect(tx, EARLIER_LEAVES_OF_ROWS, [`{${ids.join(',')}}`])

async function collect(tx: TransactionSql, query: string, values: string[]): Promise<Leaves> {
  const ids: string[] = []
  const leaves: Buffer[] = []
  let logCount = 0
  for await (const rows of tx
    .unsafe<{ isLog: boolean; id: string; leaf: Buffer }[]>(query, values)
    .cursor(CURSOR_ROWS)) {
    for (const { isLog, id, leaf } of rows) {
      ids.push(id)
      leaves.push(leaf)
      if (isLog) logCount += 1
    }
  }
  return { ids, logCount, leaves: Buffer.concat(leaves) }
}

/**
 * Looks at the transactions from `from` to below `to`. Returns the first one with rows, and as `at`
 * the one whose row is number `rowNumber`, from 0. Each is undefined if there is none.
 */
export async function measureTransactions(tx: TransactionSql, from: bigint, to: bigint, rowNumber: number) {
  const [row] = await tx.unsafe<{ first: string | null; at: string | null }[]>(
    `with t as materialized (${TRANSACTIONS})
     select (select min(id) from t) as first, (select id from t order by id offset $3 limit 1) as at`,
    [`${from}`, `${to}`, rowNumber],
  )
  return { first: toBigInt(row?.first), at: toBigInt(row?.at) }
}

/**
 * The number of rows, by table, that no seal covers yet. `impossible` are the ids of rows whose
 * transaction has not begun yet, which are forged.
 */
export async function readUnsealed(tx: TransactionSql, from: bigint) {
  const rows = await tx.unsafe<{ table: string; count: number; impossible: string }[]>(UNSEALED, [`${from}`])
  return rows.map(({ impossible, ...row }) => ({ ...row, impossible: impossible.match(/[\w-]+/g) ?? [] }))
}

const toBigInt = (text: string | null | undefined): bigint | undefined =>
  text === null || text === undefined ? undefined : BigInt(text)
