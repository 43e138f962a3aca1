import type { Sql, TransactionSql } from 'postgres'
// Loading the tables registers their declarations.
import '../schema/index.js'
import type { AuditSigningKey } from '../../lib/audit/audit-keys.js'
import { signRecord } from '../../lib/audit/audit-records.js'
import { moveNewEntries } from '../audit/new-entries.js'
import { type AuditPolicy, auditPolicies } from '../declarations/audited.js'
import { CHAIN_LOCK_ISOLATION, readChainEnd, toSqlRow } from './chain.js'
import { LEAF_FORM, prepareHashing, readLeavesOfRows } from './leaves.js'

export type Erasure = {
  /** The number of changed entries. */
  entries: number
  /** The number of changed request records. */
  requests: number
  /** The number of the erasure's record in the chain. Undefined if there was nothing to erase. */
  seal?: number
  /** True if the user still has an account, whose changes leave new entries. */
  hasAccount: boolean
}

/** `addresses` are in lower case. */
type Person = { userId: string; addresses: string[] }

const ERASED = '[erased]'

/**
 * Erases the personal data of a user from the audit log: the personal columns in states about the
 * user, and the data that clients sent in requests by or about the user. The fact, time and ids of
 * each change stay. A signed record lets the verification accept these rows in their new form only.
 * Needs the role that owns the tables.
 */
export async function eraseUser(sql: Sql, key: AuditSigningKey, userId: string): Promise<Erasure> {
  await moveNewEntries(sql)
  return await sql.begin(CHAIN_LOCK_ISOLATION, async (tx) => {
    await prepareHashing(tx)
    await tx`select audit.lock_seals()`
    await tx`select set_config('audit.maintenance', pg_current_xact_id()::text, true)`
    const addresses = await findAddresses(tx, userId)
    const person = { userId, addresses }
    const isOfPerson = tx`${byOrAbout(tx, person)} or ${isFrom(tx, addresses)}`
    // Before the states, because some entries are only found by the e-mail address in their state.
    const details = await eraseDetails(tx, 'audit_log', isOfPerson)
    const entries = new Set([...details, ...(await eraseStates(tx, person))])
    const isOfUser = tx`${userId}::uuid in (user_id, subject_id) or ${isFrom(tx, addresses)}`
    const requests = await eraseDetails(tx, 'audit_requests', isOfUser)
    await tx`select set_config('audit.maintenance', '', true)`
    const [account] = await tx`select from public.users where id = ${userId}`
    const erasure = { entries: entries.size, requests: requests.length, hasAccount: account !== undefined }
    const ids = [...entries, ...requests]
    return ids.length === 0 ? erasure : { ...erasure, seal: await record(tx, key, userId, ids, erasure) }
  })
}

/** Records the erasure in the chain, for the verification, and as an entry, for readers of the log. */
async function record(
  tx: TransactionSql,
  key: AuditSigningKey,
  userId: string,
  ids: string[],
  { entries, requests }: Erasure,
): Promise<number> {
  const end = await readChainEnd(tx)
  const details = JSON.stringify({ userId, entries, requests, ...LEAF_FORM })
  const leaves = await readLeavesOfRows(tx, ids)
  const erasure = signRecord({ kind: 'erasure', from: end.to, to: end.to, details, ...leaves }, end, key)
  await tx`insert into audit.audit_seals select (${toSqlRow(tx, erasure)}).*`
  const state = JSON.stringify({ entries, requests, seal: erasure.number })
  await tx`
    insert into audit.audit_log (id, created_at, actor, table_name, object_id, action, state_after)
    values (public.uuid_v7(), clock_timestamp(), 'cli:audit-erase', 'audit_log', ${userId}, 'update', ${state}::text::jsonb)`
  return erasure.number
}

/** The addresses that the user has or had, and may have signed in with, in lower case. */
async function findAddresses(tx: TransactionSql, userId: string): Promise<string[]> {
  const rows = await tx<{ address: string }[]>`
    select distinct lower(address) as address
    from audit.audit_log, unnest(array[state_before ->> 'email', state_after ->> 'email']) as address
    where table_name = 'users' and object_id = ${userId} and address <> ${ERASED}
    union select lower(email) from public.users where id = ${userId}`
  return rows.map(({ address }) => address)
}

async function eraseStates(tx: TransactionSql, person: Person): Promise<string[]> {
  const ids: string[] = []
  for (const policy of auditPolicies()) {
    const { personal } = policy
    if (personal.length === 0) continue
    const erased = (state: string) => tx`${tx(state)} || coalesce((
      select jsonb_object_agg(field.key, ${ERASED}::text) from jsonb_each(${tx(state)}) as field
      where field.key in (select jsonb_array_elements_text(${JSON.stringify(personal)}::text::jsonb))
        and field.value not in ('null', to_jsonb(${ERASED}::text))), '{}')`
    const [before, after] = [erased('state_before'), erased('state_after')]
    const rows = await tx<{ id: string }[]>`
      update audit.audit_log set state_before = ${before}, state_after = ${after}
      where ${isAbout(tx, person, policy)}
        and (state_before, state_after) is distinct from (${before}, ${after})
      returning id`
    ids.push(...rows.map(({ id }) => id))
  }
  return ids
}

/** Erases all data that a client sent, because a body or query may hold anything. */
async function eraseDetails(tx: TransactionSql, table: string, condition: unknown): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    update audit.${tx(table)} set headers = null, body = null, args = null, url = split_part(url, '?', 1),
      ip = case when ip is not null then ${ERASED} end
    where (${condition as never}) and
      (num_nonnulls(headers, body, args) > 0 or position('?' in url) > 0 or ip <> ${ERASED})
    returning id`
  return rows.map(({ id }) => id)
}

/** Matches by address only in tables without a user id, because an address may change its owner. */
function isAbout(tx: TransactionSql, { userId, addresses }: Person, policy: AuditPolicy) {
  const { tableName, subject, subjectEmail } = policy
  const column = subject ?? subjectEmail
  if (column === null) return tx`false`
  const values = subject === null ? addresses : [userId]
  return tx`(table_name = ${tableName} and
    (state_before ->> ${column} in ${listOf(tx, values)} or state_after ->> ${column} in ${listOf(tx, values)}))`
}

const byOrAbout = (tx: TransactionSql, person: Person) =>
  auditPolicies().reduce(
    (condition, policy) => tx`${condition} or ${isAbout(tx, person, policy)}`,
    tx`user_id = ${person.userId}`,
  )

const isFrom = (tx: TransactionSql, addresses: string[]) =>
  tx`lower(btrim(body ->> 'email')) in ${listOf(tx, addresses)}`

const listOf = (tx: TransactionSql, texts: readonly string[]) =>
  tx`(select jsonb_array_elements_text(${JSON.stringify(texts)}::text::jsonb))`
