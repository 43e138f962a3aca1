import type { Query } from 'drizzle-orm'
import type { Context } from '../../lib/audit/context.js'
import { auditPolicyOf } from '../declarations/audited.js'

/** The rows that one write changed, and the context in which it ran. */
export type ChangedRows = { context: Context | undefined; rows: number }

type Metadata = { type: string; tables: string[] } | undefined

/** An update, or an upsert that may update. */
const UPDATES = /^\s*update\b|\bon conflict\b/i

/**
 * Returns true if the write leaves at least one audit entry for each row in its count. Entries of
 * cascades and raw SQL are not counted, so the sum over a request is a lower bound. False for an
 * update of a table with ignored columns, which may leave no entry.
 */
export function leavesEntryPerRow({ sql }: Query, metadata: Metadata): boolean {
  if (metadata === undefined || metadata.type === 'select') return false
  const [table = ''] = metadata.tables
  const policy = auditPolicyOf(table)
  return policy !== undefined && (policy.ignore.length === 0 || !UPDATES.test(sql))
}

/**
 * The number of rows that a statement changed: the count that postgres.js sets on its result, or
 * the number of rows, because with RETURNING drizzle passes on only the rows.
 */
export function countRows(result: unknown): number {
  if (!Array.isArray(result)) return 0
  const { count } = result as { count?: unknown }
  return typeof count === 'number' ? count : result.length
}

/**
 * Adds the rows to the context that caused each write. The daily audit check compares the sum of a
 * request with the number of its entries.
 */
export function countChangedRows(changed: readonly ChangedRows[]): void {
  for (const { context, rows } of changed) {
    if (context) context.rowsChanged = (context.rowsChanged ?? 0) + rows
  }
}
