import { getTableConfig } from 'drizzle-orm/pg-core'
import type { Sql } from 'postgres'
// Loading the tables registers their declarations.
import '../schema/index.js'
import { REDACTED } from '../../lib/audit/redact.js'
import { SECRET_NAME } from '../../lib/audit/secret-names.js'
import { type AuditPolicy, auditPolicies } from '../declarations/audited.js'
import { quoteName, quoteText } from '../driver/quote.js'
import { findAppendOnlyProblems, fixAppendOnly } from './append-only.js'
import {
  CAPTURE_TRIGGER,
  type InstalledTable,
  readInstalled,
  TRUNCATE_TRIGGER,
} from './installed-triggers.js'

/** The arguments of a table's capture trigger. */
export const argumentsOf = ({
  tableName,
  primaryKey,
  redact,
  json,
  ignore,
  organization,
}: AuditPolicy): string[] => [
  primaryKey.join(','),
  JSON.stringify(Object.fromEntries(redact.map((column) => [column, REDACTED]))),
  `{${ignore.join(',')}}`,
  organization ?? '',
  `{${json.join(',')}}`,
  json.length > 0 ? SECRET_NAME : '',
  tableName,
  `{${[...redact, ...json].join(',')}}`,
]

/** pg_trigger stores arguments as bytes, each with a NUL at its end. */
const storedForm = (policy: AuditPolicy): string =>
  Buffer.from(
    argumentsOf(policy)
      .map((argument) => `${argument}\0`)
      .join(''),
  ).toString('hex')

type Strictness = {
  /**
   * True if a newer release has migrated the database. Its triggers may differ from those of this
   * release, so they only have to be sound: to fire for every row.
   */
  isAhead: boolean
}

const problemOf = (
  policy: AuditPolicy,
  tables: readonly InstalledTable[],
  { isAhead }: Strictness,
): string | undefined => {
  const table = tables.find(({ name }) => name === policy.tableName)
  if (!table && isAhead) return undefined
  const partitions = tables.filter(({ name, root }) => root === policy.tableName && name !== root)
  const [capture, truncate] = [CAPTURE_TRIGGER, TRUNCATE_TRIGGER].map((name) => table?.triggers[name])
  // The root's trigger covers TRUNCATE of the whole table. New partitions have no TRUNCATE trigger yet.
  const captures = partitions.map(({ triggers }) => triggers[CAPTURE_TRIGGER])
  const all = [capture, truncate, ...captures]
  if (all.some((trigger) => !trigger)) return `${policy.tableName}: the audit trigger is missing`
  if (all.some((trigger) => !trigger?.isEnabled)) return `${policy.tableName}: the audit trigger is disabled`
  if (all.some((trigger) => !(isAhead ? trigger?.isSound : trigger?.isOurs)))
    return `${policy.tableName}: the audit trigger was changed`
  if (!isAhead && capture?.arguments !== storedForm(policy))
    return `${policy.tableName}: the audit trigger follows an older declaration`
  return undefined
}

/** Triggers that differ from the declarations, and broken append-only triggers. Empty if all is well. */
export async function findAuditProblems(
  sql: Sql,
  strictness: Strictness = { isAhead: false },
): Promise<string[]> {
  const tables = await readInstalled(sql)
  const problems = auditPolicies().flatMap((policy) => problemOf(policy, tables, strictness) ?? [])
  return [...problems, ...(await findAppendOnlyProblems(sql))]
}

/**
 * Updates the triggers to match the declarations, after the migrations. Needs the role that owns the
 * tables. Skips a table that does not exist yet (an upgrade to an older revision). Every start checks
 * the triggers again.
 */
export async function syncAuditTriggers(sql: Sql): Promise<void> {
  const tables = await readInstalled(sql)
  const declared = new Set(auditPolicies().map((policy) => policy.tableName))
  for (const policy of auditPolicies()) {
    const exists = tables.some(({ name }) => name === policy.tableName)
    if (exists && problemOf(policy, tables, { isAhead: false })) await sql.unsafe(installationOf(policy))
  }
  for (const { sqlName, root, isPartition, triggers } of tables) {
    if (declared.has(root) && isPartition) await sql.unsafe(guardOf(sqlName, triggers))
    if (declared.has(root)) continue
    for (const [name, { isClone, isOfAudit }] of Object.entries(triggers)) {
      if (isOfAudit && !isClone) await sql.unsafe(`drop trigger ${name} on ${sqlName}`)
    }
  }
  await fixAppendOnly(sql)
}

function installationOf(policy: AuditPolicy): string {
  const { schema = 'public', name } = getTableConfig(policy.table)
  const table = `${quoteName(schema)}.${quoteName(name)}`
  return `
    create or replace trigger ${CAPTURE_TRIGGER} after insert or update or delete on ${table}
      for each row execute function audit.capture(${argumentsOf(policy).map(quoteText).join(', ')});
    create or replace trigger ${TRUNCATE_TRIGGER} before truncate on ${table}
      for each statement execute function audit.refuse();
    alter table ${table} enable trigger ${CAPTURE_TRIGGER}, enable trigger ${TRUNCATE_TRIGGER};`
}

/** Partitions inherit the row trigger from their root, but need their own trigger for TRUNCATE. */
function guardOf(partition: string, triggers: InstalledTable['triggers']): string {
  const { [CAPTURE_TRIGGER]: capture, [TRUNCATE_TRIGGER]: truncate } = triggers
  const enable = (name: string) => `alter table ${partition} enable trigger ${name};`
  return [
    !capture?.isEnabled && enable(CAPTURE_TRIGGER),
    !truncate?.isOurs &&
      `create or replace trigger ${TRUNCATE_TRIGGER} before truncate on ${partition}
        for each statement execute function audit.refuse();`,
    !truncate?.isEnabled && enable(TRUNCATE_TRIGGER),
  ]
    .filter(Boolean)
    .join('\n')
}
