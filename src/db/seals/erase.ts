import type { Sql, TransactionSql } from 'postgres'
// The tables declare themselves as they are loaded.
import '../schema/index.js'
import type { AuditSigningKey } from '../../lib/audit/audit-keys.js'
import { signRecord } from '../../lib/audit/audit-records.js'
import { type AuditPolicy, auditPolicies } from '../declarations/audited.js'
import { AFTER_THE_LOCK, readChainEnd, toSqlRow } from './chain.js'
import { LEAF_FORM, prepareHashing, readLeavesOfRows } from './leaves.js'

export type Erasure = {
  /** How many rows were changed. */
  entries: number
  requests: number
  /** The number of the record that says so; undefined when there was nothing to erase. */
  seal?: number
  hasAccount: boolean
}

/** The addresses are in small letters. */
type Person = { userId: string; addresses: string[] }

const ERASED = '[erased]'

/**
 * Takes the personal data of a user out of the audit log: what the tables declare as personal of the states that are about
 * him, and what a client sent in requests that are by or about him. That something happened, when and to which id, stays.
 * As the owner of the tables. The signed record of it lets verification accept these rows as they are now, and no others.
 */
export const eraseUser = (sql: Sql, key: AuditSigningKey, userId: string): Promise<Erasure> =>
  sql.begin(AFTER_THE_LOCK, async (tx) => {
    await prepareHashing(tx)
    await tx`select audit.lock_seals()`
    await tx`select set_config('audit.maintenance', pg_current_xact_id()::text, true)`
    const addresses = await findAddresses(tx, userId)
    const person = { userId, addresses }
    const ofPerson = tx`${byOrAbout(tx, person)} or ${isFrom(tx, addresses)}`
    // Before the states: of some entries only their address tells whom they are about.
    const details = await eraseDetails(tx, 'audit_log', ofPerson)
    const entries = new Set([...details, ...(await eraseStates(tx, person))])
    const ofUser = tx`${userId}::uuid in (user_id, subject_id) or ${isFrom(tx, addresses)}`
    const requests = await eraseDetails(tx, 'audit_requests', ofUser)
    await tx`select set_config('audit.maintenance', '', true)`
    const [account] = await tx`select from public.users where id = ${userId}`
    const erasure = { entries: entries.size, requests: requests.length, hasAccount: account !== undefined }
    const ids = [...entries, ...requests]
    return ids.length === 0 ? erasure : { ...erasure, seal: await record(tx, key, userId, ids, erasure) }
  })

/** In the chain, for verification; and in the log, for whoever reads it. */
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

/** Under which he may have tried to sign in. In small letters. */
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

/** What a client sent: all of it, for nobody knows what a body or a query holds. */
async function eraseDetails(tx: TransactionSql, table: string, condition: unknown): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    update audit.${tx(table)} set headers = null, body = null, args = null, url = split_part(url, '?', 1),
      ip = case when ip is not null then ${ERASED} end
    where (${condition as never}) and
      (num_nonnulls(headers, body, args) > 0 or position('?' in url) > 0 or ip <> ${ERASED})
    returning id`
  return rows.map(({ id }) => id)
}

/** Addresses change owners: only rows that name no user are found by theirs. */
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
