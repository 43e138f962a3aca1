import { Placeholder, type Query } from 'drizzle-orm'
import type { PostgresJsSession } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import { CONTEXT_SETTING } from './context.js'

type Schema = Record<string, never>
export type Metadata = Parameters<PostgresJsSession<Sql, Schema, Schema>['prepareQuery']>[5]

/** May match a statement that only reads, which costs it a transaction. */
const WRITES_IN_CTE = /^\s*with\b.*\b(?:insert|update|delete|merge)\b/is

// drizzle reports an update as an insert here, so only `select` is reliable.
const isBuilderWrite = (metadata: Metadata): boolean => metadata !== undefined && metadata.type !== 'select'

/** True for a write that can set the audit context in its own RETURNING clause. */
export const carriesContext = (query: Query, metadata: Metadata): boolean =>
  isBuilderWrite(metadata) && !WRITES_IN_CTE.test(query.sql)

/** False only for statements that certainly do not write. */
export const mayWrite = (query: Query, metadata: Metadata): boolean =>
  metadata?.type !== 'select' || WRITES_IN_CTE.test(query.sql)

/** The name of the placeholder for the audit context. */
export const CONTEXT_PARAM = 'auditContext'

/**
 * Adds the audit context to the RETURNING clause; `returns` says if there is one already. The
 * context is always a bound parameter, never part of the text.
 */
export function withContext(query: Query, returns: boolean): Query {
  const call = `(select set_config('${CONTEXT_SETTING}', $${query.params.length + 1}, true) is null)`
  return {
    ...query,
    // On a line of its own: raw SQL in the statement may end with a comment.
    sql: `${query.sql}\n${returns ? ',' : 'returning'} ${call}`,
    params: [...query.params, new Placeholder(CONTEXT_PARAM)],
  }
}
