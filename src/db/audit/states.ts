import { getTableColumns } from 'drizzle-orm'
import { auditPolicyOf } from './policy.js'

type State = Record<string, unknown>

const toCamelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Entries keep SQL's names, which outlive any code; clients read the API's. A column that is gone is merely renamed. */
export function toApiState(tableName: string, state: State | null): State | null {
  if (!state) return null
  const table = auditPolicyOf(tableName)?.table
  const columns = table ? Object.entries(getTableColumns(table)) : []
  const known = new Map(
    columns.map(([key, column]) => [column.name, { key, isDate: column.dataType === 'date' }]),
  )
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => {
      const column = known.get(name)
      return [column?.key ?? toCamelCase(name), column?.isDate ? toIsoTime(value) : value]
    }),
  )
}

/** PostgreSQL writes `2026-01-02T03:04:05.678+00:00` into JSON, the API `2026-01-02T03:04:05.678Z`. */
function toIsoTime(value: unknown): unknown {
  const time = typeof value === 'string' ? new Date(value) : undefined
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : value
}
