import { type Column, getTableColumns } from 'drizzle-orm'
import { type AuditPolicy, auditPolicies, auditPolicyOf } from './policy.js'

export type State = Record<string, unknown>

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

/** Entries keep SQL's names, which outlive any code; clients read the API's. A column that is gone is merely renamed. */
export function toApiState(tableName: string, state: State | null): State | null {
  if (!state) return null
  const table = auditPolicyOf(tableName)?.table
  const columns = Object.entries(table ? getTableColumns(table) : {})
  const known = new Map(columns.map(([key, column]) => [column.name, { key, column }]))
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => {
      const { key = toCamelCase(name), column } = known.get(name) ?? {}
      return [key, column ? toApiValue(column, value) : value]
    }),
  )
}

function toApiValue({ dataType }: Column, value: unknown): unknown {
  if (dataType === 'date') return toIsoTime(value)
  // `numeric` and `bigint` are texts in the API: a JavaScript number cannot hold them all.
  const isText = dataType === 'string' || dataType === 'bigint'
  return isText && typeof value === 'number' ? String(value) : value
}

/** PostgreSQL writes `2026-01-02T03:04:05.678+00:00` into JSON, the API `2026-01-02T03:04:05.678Z`. */
function toIsoTime(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const hasNoZone = /T[^+-]*$/.test(value)
  const time = new Date(hasNoZone ? `${value}Z` : value)
  return Number.isNaN(time.getTime()) ? value : time.toISOString()
}

const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** What PostgreSQL holds as jsonb, with each number that JavaScript would round kept as the text of it. */
export function parseState(json: string): State {
  return JSON.parse(
    json.replace(TEXT_OR_NUMBER, (token) =>
      token.startsWith('"') || String(Number(token)) === token ? token : `"${token}"`,
    ),
  )
}
