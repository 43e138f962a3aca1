import type { Sql } from 'postgres'
// The tables declare themselves as they are loaded.
import '../schema/index.js'
import { REDACTED } from '../../lib/redact.js'
import { SECRET_NAME } from '../../lib/secret-names.js'
import { findAppendOnlyProblems, mendAppendOnly } from './append-only.js'
import { type AuditPolicy, auditPolicies } from './policy.js'

const CAPTURE_TRIGGER = 'audit_capture'
const TRUNCATE_TRIGGER = 'audit_truncate'

type InstalledTrigger = { table: string; name: string; enabled: string; arguments: string; isOurs: boolean }

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`
const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

const argumentsOf = ({ primaryKey, redact, json, ignore, organization }: AuditPolicy): string[] => [
  primaryKey.join(','),
  JSON.stringify(Object.fromEntries(redact.map((column) => [column, REDACTED]))),
  `{${ignore.join(',')}}`,
  organization ?? '',
  ...(json.length > 0 ? [`{${json.join(',')}}`, SECRET_NAME] : []),
]

/** pg_trigger keeps arguments as bytes, each ended by a NUL. */
const storedForm = (policy: AuditPolicy): string =>
  Buffer.from(
    argumentsOf(policy)
      .map((argument) => `${argument}\0`)
      .join(''),
  ).toString('hex')

/** pg_trigger.h: for each row 1, before 2, insert 4, delete 8, update 16, truncate 32. */
const CAPTURE_TYPE = 1 + 4 + 8 + 16
const TRUNCATE_TYPE = 2 + 32

const readTriggers = (sql: Sql) => sql<InstalledTrigger[]>`
  select c.relname as "table", t.tgname as name, t.tgenabled as enabled, encode(t.tgargs, 'hex') as arguments,
    t.tgqual is null and t.tgattr::text = '' and not t.tgdeferrable and case t.tgname
      when ${CAPTURE_TRIGGER} then t.tgfoid = to_regprocedure('audit.capture()') and t.tgtype = ${CAPTURE_TYPE}
      else t.tgfoid = to_regprocedure('audit.refuse()') and t.tgtype = ${TRUNCATE_TYPE}
    end as "isOurs"
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = 'public'::regnamespace and t.tgname in (${CAPTURE_TRIGGER}, ${TRUNCATE_TRIGGER})`

const problemOf = (policy: AuditPolicy, triggers: readonly InstalledTrigger[]): string | undefined => {
  const find = (name: string) => triggers.find((t) => t.table === policy.tableName && t.name === name)
  const capture = find(CAPTURE_TRIGGER)
  const truncate = find(TRUNCATE_TRIGGER)
  if (!capture || !truncate) return `${policy.tableName}: the audit trigger is missing`
  if ([capture, truncate].some((t) => t.enabled === 'D' || t.enabled === 'R')) {
    return `${policy.tableName}: the audit trigger is disabled`
  }
  if (!capture.isOurs || !truncate.isOurs) return `${policy.tableName}: the audit trigger was changed`
  if (capture.arguments !== storedForm(policy))
    return `${policy.tableName}: the audit trigger follows an older declaration`
  return undefined
}

/** What stands between the declarations and a complete audit log that only grows; empty when all is well. */
export async function findAuditProblems(sql: Sql): Promise<string[]> {
  const triggers = await readTriggers(sql)
  const problems = auditPolicies().flatMap((policy) => problemOf(policy, triggers) ?? [])
  return [...problems, ...(await findAppendOnlyProblems(sql))]
}

/**
 * Makes the triggers follow the declarations, after the migrations and as the owner of the tables.
 * A table that is not there yet (an upgrade to an older revision) is passed over; every start checks again.
 */
export async function syncAuditTriggers(sql: Sql): Promise<void> {
  const triggers = await readTriggers(sql)
  const tables = await sql<
    { name: string }[]
  >`select tablename as name from pg_tables where schemaname = 'public'`
  const names = new Set(tables.map((table) => table.name))
  for (const policy of auditPolicies()) {
    if (names.has(policy.tableName) && problemOf(policy, triggers)) await sql.unsafe(installationOf(policy))
  }
  const declared = new Set(auditPolicies().map((policy) => policy.tableName))
  for (const { table, name } of triggers) {
    if (!declared.has(table)) await sql.unsafe(`drop trigger ${name} on ${quoteName(table)}`)
  }
  await mendAppendOnly(sql)
}

function installationOf(policy: AuditPolicy): string {
  const table = quoteName(policy.tableName)
  return `
    create or replace trigger ${CAPTURE_TRIGGER} after insert or update or delete on ${table}
      for each row execute function audit.capture(${argumentsOf(policy).map(quoteText).join(', ')});
    create or replace trigger ${TRUNCATE_TRIGGER} before truncate on ${table}
      for each statement execute function audit.refuse();
    alter table ${table} enable trigger ${CAPTURE_TRIGGER}, enable trigger ${TRUNCATE_TRIGGER};`
}
