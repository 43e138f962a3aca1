import type { Query } from 'drizzle-orm'
import type { Context } from '../../lib/audit/context.js'
import { auditPolicyOf } from '../declarations/audited.js'

export type ChangedRows = { context: Context | undefined; rows: number }

type Metadata = { type: string; tables: string[] } | undefined

/** An update, alone or as an upsert's second half. */
const UPDATES = /^\s*update\b|\bon conflict\b/i

/**
 * Whether the write leaves at least as many entries as it says that it changed rows. Cascades and raw SQL leave entries that
 * nobody counts here: the sum is a lower bound. Where columns are ignored, an update may rightly leave none.
 */
export function leavesEntryPerRow({ sql }: Query, metadata: Metadata): boolean {
  if (metadata === undefined || metadata.type === 'select') return false
  const [table = ''] = metadata.tables
  const policy = auditPolicyOf(table)
  return policy !== undefined && (policy.ignore.length === 0 || !UPDATES.test(sql))
}

/** postgres.js puts the count beside the rows; drizzle hands on the rows alone where there is a RETURNING. */
export function rowsOf(result: unknown): number {
  if (!Array.isArray(result)) return 0
  const { count } = result as { count?: unknown }
  return typeof count === 'number' ? count : result.length
}

/** To whoever caused them: what was written in a request is held against the entries of that request. */
export function countChangedRows(changed: readonly ChangedRows[]): void {
  for (const { context, rows } of changed) {
    if (context) context.rowsChanged = (context.rowsChanged ?? 0) + rows
  }
}
