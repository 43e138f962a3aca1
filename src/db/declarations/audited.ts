import { getTableColumns, is } from 'drizzle-orm'
import { getTableConfig, type PgColumn, PgCustomColumn, type PgTable } from 'drizzle-orm/pg-core'
import { isSecretName } from '../../lib/audit/redact.js'

type ColumnOf<T extends PgTable> = Extract<keyof T['_']['columns'], string>

type AuditOptions<T extends PgTable> = {
  /**
   * Columns whose values are never stored, only that they changed. Default: none, beside columns with
   * a secret-looking name, which are always redacted unless `expose` names them.
   */
  redact?: readonly ColumnOf<T>[]
  /** Columns with a secret-looking name, or JSON columns, that are not redacted. Default: none. */
  expose?: readonly ColumnOf<T>[]
  /** An update that changes only these columns leaves no entry. Default: none. */
  ignore?: readonly ColumnOf<T>[]
  /** The column with the id of the row's organization. Must be a uuid. Default: none. */
  organization?: ColumnOf<T>
  /** Columns that `npm run audit:erase` erases for the user of the row's `subject`. Default: none. */
  personal?: readonly ColumnOf<T>[]
  /** The column with the id of the user that the row is about. */
  subject?: ColumnOf<T>
  /** For rows about people without an account, in place of `subject`: the column with the e-mail address. */
  subjectEmail?: ColumnOf<T>
}

/** A table's audit declaration, with the column names of SQL. */
export type AuditPolicy = {
  table: PgTable
  /** With its schema unless that is `public`, as in `billing.invoices`. */
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

function sqlNamesIn(table: PgTable) {
  const sqlNames = Object.fromEntries(
    Object.entries(getTableColumns(table)).map(([key, column]) => [key, column.name]),
  )
  return (keys: readonly string[] = []): string[] => keys.map((key) => sqlNames[key] as string)
}

function primaryKeyOf(table: PgTable): string[] {
  const { columns, primaryKeys } = getTableConfig(table)
  return [
    ...columns.filter((column) => column.primary).map((column) => column.name),
    ...primaryKeys.flatMap((key) => key.columns.map((column) => column.name)),
  ]
}

/**
 * Adds a table to the audit log. To be called next to the table's declaration. The next `db:upgrade`
 * creates the triggers.
 * @throws {Error} when the table has no primary key, when `organization` is not a uuid, or when
 *   `personal` lacks a subject
 */
export function audited<T extends PgTable>(table: T, options: AuditOptions<T> = {}): void {
  const { columns, schema = 'public' } = getTableConfig(table)
  const name = sqlNameOf(table)
  const toSql = sqlNamesIn(table)
  const [organization = null] = toSql(options.organization ? [options.organization] : [])
  const [subject = null] = toSql(options.subject ? [options.subject] : [])
  const [subjectEmail = null] = toSql(options.subjectEmail ? [options.subjectEmail] : [])
  const exposed = toSql(options.expose)
  const names = columns.map((column) => column.name)
  const primaryKey = primaryKeyOf(table)
  if (primaryKey.length === 0) throw new Error(`${name} cannot be audited: it has no primary key`)
  const typeOfOrganization = columns.find((column) => column.name === organization)?.getSQLType() ?? 'uuid'
  if (typeOfOrganization !== 'uuid')
    throw new Error(`${name} names ${organization} as its organization, but that column is not a uuid`)
  if (options.personal && !subject && !subjectEmail)
    throw new Error(`${name} has personal columns: declare their subject or subjectEmail, too`)
  const secretLooking = names.filter((column) => isSecretName(column) && !exposed.includes(column))
  const redacted = new Set([...toSql(options.redact), ...secretLooking])
  const json = columns.filter(mayHoldFields).map((column) => column.name)
  schemas.add(schema)
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

/** True for JSON, and for custom types: they may be composite types, or domains over JSON. */
const mayHoldFields = (column: PgColumn): boolean => {
  const type = column.getSQLType()
  return /^jsonb?\b/.test(type) || (is(column, PgCustomColumn) && type !== 'bytea')
}

/** Leaves a table out of the audit log, with the reason. A test fails for undeclared tables. */
export function notAudited(table: PgTable, reason: string): void {
  exemptions.set(sqlNameOf(table), reason)
  schemas.add(getTableConfig(table).schema ?? 'public')
}

/** The policies of all audited tables. */
export const auditPolicies = (): AuditPolicy[] => [...policies.values()]
/** Undefined for a table that is not audited. */
export const auditPolicyOf = (tableName: string): AuditPolicy | undefined => policies.get(tableName)
/** The reasons of `notAudited`, by table. */
export const auditExemptions = (): ReadonlyMap<string, string> => exemptions
/** The schemas of declared tables. Others in the same database belong to other programs. */
export const declaredSchemas = (): string[] => [...schemas]
