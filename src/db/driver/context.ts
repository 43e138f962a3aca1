import { causeIdOf, currentContext } from '../../lib/audit/context.js'

/** The setting that the capture trigger reads; local to the transaction, so a pooled connection never carries it on. */
export const CONTEXT_SETTING = 'audit.ctx'

/** What the trigger stores beside the change: empty when nothing is known of its cause. */
export function serializeContext(): string {
  const context = currentContext()
  if (!context) return ''
  const { actor, userId, requestId, describeRequest } = context
  return JSON.stringify({ actor, userId, requestId, causeId: causeIdOf(context), ...describeRequest?.() })
}
