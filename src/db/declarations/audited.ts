import { getTableColumns, is } from 'drizzle-orm'
import { getTableConfig, type PgColumn, PgCustomColumn, type PgTable } from 'drizzle-orm/pg-core'
import { isSecretName } from '../../lib/audit/redact.js'

type ColumnOf<T extends PgTable> = Extract<keyof T['_']['columns'], string>

type AuditOptions<T extends PgTable> = {
  /** Values never stored; that they changed still shows. Columns with a secret-looking name are redacted anyway. */
  redact?: readonly ColumnOf<T>[]
  /** Takes a column with a secret-looking name, or a JSON column, out of the automatic redaction. */
  expose?: readonly ColumnOf<T>[]
  /** An update that touches only these columns leaves no entry. */
  ignore?: readonly ColumnOf<T>[]
  /** The column that tells which organization the row belongs to. */
  organization?: ColumnOf<T>
  /** Values that `npm run audit:erase` takes out, for whoever `subject` names. */
  personal?: readonly ColumnOf<T>[]
  /** The column that tells which user the row is about. */
  subject?: ColumnOf<T>
  /** Instead, where it may be somebody without an account: the column with the e-mail address. */
  subjectEmail?: ColumnOf<T>
}

/** Column names as SQL knows them. */
export type AuditPolicy = {
  table: PgTable
  /** With its schema where that is another one than `public`, as in `billing.invoices`. */
  tableName: string
  primaryKey: string[]
  redact: string[]
  /** Columns in which fields with a secret-looking name are redacted. */
  json: string[]
  ignore: string[]
  organization: string | null
  personal: string[]
  subject: string | null
  subjectEmail: string | null
}

const policies = new Map<string, AuditPolicy>()
const exemptions = new Map<string, string>()
const schemas = new Set(['public'])

function sqlNameOf(table: PgTable): string {
  const { schema = 'public', name } = getTableConfig(table)
  return schema === 'public' ? name : `${schema}.${name}`
}

/** Opts a table in, right where it is declared. The triggers follow with the next `db:upgrade`. */
export function audited<T extends PgTable>(table: T, options: AuditOptions<T> = {}): void {
  const { columns, primaryKeys } = getTableConfig(table)
  const name = sqlNameOf(table)
  const sqlNames = Object.fromEntries(
    Object.entries(getTableColumns(table)).map(([key, column]) => [key, column.name]),
  )
  const toSql = (keys: readonly string[] = []): string[] => keys.map((key) => sqlNames[key] as string)
  const [organization = null] = toSql(options.organization ? [options.organization] : [])
  const [subject = null] = toSql(options.subject ? [options.subject] : [])
  const [subjectEmail = null] = toSql(options.subjectEmail ? [options.subjectEmail] : [])
  const exposed = toSql(options.expose)
  const secretLooking = columns.map((column) => column.name).filter((column) => isSecretName(column))
  const primaryKey = [
    ...columns.filter((column) => column.primary).map((column) => column.name),
    ...primaryKeys.flatMap((key) => key.columns.map((column) => column.name)),
  ]
  if (primaryKey.length === 0) throw new Error(`${name} cannot be audited: it has no primary key`)
  const organizationColumn = columns.find((column) => column.name === organization)
  if (organizationColumn && organizationColumn.getSQLType() !== 'uuid')
    throw new Error(`${name} names ${organization} as its organization, which is no uuid`)
  if (options.personal && !subject && !subjectEmail)
    throw new Error(`${name} has personal columns: whose, its subject must say`)
  const redacted = new Set([
    ...toSql(options.redact),
    ...secretLooking.filter((column) => !exposed.includes(column)),
  ])
  const json = columns.filter(mayHoldFields).map((column) => column.name)
  schemas.add(getTableConfig(table).schema ?? 'public')
  policies.set(name, {
    table,
    tableName: name,
    primaryKey,
    redact: [...redacted],
    json: json.filter((column) => !redacted.has(column) && !exposed.includes(column)),
    ignore: toSql(options.ignore),
    organization,
    personal: toSql(options.personal),
    subject,
    subjectEmail,
  })
}

/** What drizzle does not know may be a composite type, or a domain over JSON. */
const mayHoldFields = (column: PgColumn): boolean => {
  const type = column.getSQLType()
  return /^jsonb?\b/.test(type) || (is(column, PgCustomColumn) && type !== 'bytea')
}

/** Says, with the reason, that a table is deliberately left out: a table without a decision fails a test. */
export function notAudited(table: PgTable, reason: string): void {
  exemptions.set(sqlNameOf(table), reason)
  schemas.add(getTableConfig(table).schema ?? 'public')
}

export const auditPolicies = (): AuditPolicy[] => [...policies.values()]
export const auditPolicyOf = (tableName: string): AuditPolicy | undefined => policies.get(tableName)
export const auditExemptions = (): ReadonlyMap<string, string> => exemptions
/** The schemas of declared tables. Others in the same database belong to other programs. */
export const declaredSchemas = (): string[] => [...schemas]
