import { type Column, getTableColumns, is } from 'drizzle-orm'
import { PgArray } from 'drizzle-orm/pg-core'
import { type AuditPolicy, auditPolicies, auditPolicyOf } from '../declarations/audited.js'
import { parseState, type State } from './parse-state.js'

const toCamelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const toSnakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The columns that clients may mean by a field's name: those of one table, or of whatever table. */
export function toColumnNames(field: string, tableName: string | undefined): string[] {
  const known = tableName === undefined ? auditPolicies() : [auditPolicyOf(tableName)]
  const names = known.flatMap((policy) => columnNameOf(policy, field) ?? [])
  const isCertain = tableName !== undefined && names.length > 0
  return isCertain ? names : [...new Set([...names, toSnakeCase(field)])]
}

const columnNameOf = (policy: AuditPolicy | undefined, field: string): string | undefined =>
  policy && getTableColumns(policy.table)[field]?.name

/**
 * Entries keep SQL's names, which outlive any code; clients read the API's. A column that is gone is merely renamed.
 * Takes the row as the JSON that PostgreSQL makes of it.
 */
export function toApiState(tableName: string, json: string | null): State | null {
  if (json === null) return null
  const table = auditPolicyOf(tableName)?.table
  const columns = Object.entries(table ? getTableColumns(table) : {})
  const known = new Map(columns.map(([key, column]) => [column.name, { key, column }]))
  const state = parseState(json, (name) => holdsTexts(known.get(name)?.column))
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => {
      const { key = toCamelCase(name), column } = known.get(name) ?? {}
      return [key, column?.dataType === 'date' ? toIsoTime(value) : value]
    }),
  )
}

/** `numeric` and `bigint` are texts in the API, in arrays as well: a JavaScript number cannot hold them all. */
function holdsTexts(column: Column | undefined): boolean {
  const element = column && is(column, PgArray) ? column.baseColumn : column
  return element?.dataType === 'string' || element?.dataType === 'bigint'
}

/** The longest that PostgreSQL writes has fewer characters; what is longer comes from a column that had another type. */
const TIME_MAX_LENGTH = 40

/** PostgreSQL writes `2026-01-02T03:04:05.678+00:00` into JSON, the API `2026-01-02T03:04:05.678Z`. */
function toIsoTime(value: unknown): unknown {
  if (typeof value !== 'string' || value.length > TIME_MAX_LENGTH) return value
  const hasNoZone = /T[^+-]*$/.test(value)
  const time = new Date(hasNoZone ? `${value}Z` : value)
  return Number.isNaN(time.getTime()) ? value : time.toISOString()
}
