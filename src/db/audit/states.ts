import { type Column, getTableColumns, is } from 'drizzle-orm'
import { PgArray } from 'drizzle-orm/pg-core'
import { type AuditPolicy, auditPolicies, auditPolicyOf } from '../declarations/audited.js'
import { parseState, type State } from './parse-state.js'

const toCamelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const toSnakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/**
 * The columns that a field name of the API may stand for: in one table, or in any table if
 * `tableName` is undefined. Unknown fields are converted to snake case.
 */
export function toColumnNames(field: string, tableName: string | undefined): string[] {
  const policies = tableName === undefined ? auditPolicies() : [auditPolicyOf(tableName)]
  const names = policies.flatMap((policy) => columnNameOf(policy, field) ?? [])
  const isCertain = tableName !== undefined && names.length > 0
  return isCertain ? names : [...new Set([...names, toSnakeCase(field)])]
}

const columnNameOf = (policy: AuditPolicy | undefined, field: string): string | undefined =>
  policy && getTableColumns(policy.table)[field]?.name

/**
 * Converts a stored row, as the JSON that PostgreSQL wrote, to the API's names and formats. Entries
 * keep the names of SQL columns, because they outlive the code. Columns that no longer exist are
 * converted to camel case.
 */
export function toApiState(tableName: string, json: string | null): State | null {
  if (json === null) return null
  const table = auditPolicyOf(tableName)?.table
  const columns = Object.entries(table ? getTableColumns(table) : {})
  const known = new Map(columns.map(([key, column]) => [column.name, { key, column }]))
  const state = parseState(json, (name) => keepsText(known.get(name)?.column))
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => {
      const { key = toCamelCase(name), column } = known.get(name) ?? {}
      return [key, column?.dataType === 'date' ? toIsoTime(value) : value]
    }),
  )
}

/** `numeric` and `bigint` are strings in the API, also in arrays: a JavaScript number would round some. */
function keepsText(column: Column | undefined): boolean {
  const element = column && is(column, PgArray) ? column.baseColumn : column
  return element?.dataType === 'string' || element?.dataType === 'bigint'
}

/** PostgreSQL writes shorter times. A longer text is from a time when the column had another type. */
const TIME_MAX_LENGTH = 40

/** Converts PostgreSQL's `2026-01-02T03:04:05.678+00:00` to the API's `2026-01-02T03:04:05.678Z`. */
function toIsoTime(value: unknown): unknown {
  if (typeof value !== 'string' || value.length > TIME_MAX_LENGTH) return value
  const hasNoZone = /T[^+-]*$/.test(value)
  const time = new Date(hasNoZone ? `${value}Z` : value)
  return Number.isNaN(time.getTime()) ? value : time.toISOString()
}
