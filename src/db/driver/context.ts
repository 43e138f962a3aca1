import { causeIdOf, currentContext } from '../../lib/audit/context.js'

/** The setting that the capture trigger reads. It is local to the transaction and ends with it. */
export const CONTEXT_SETTING = 'audit.ctx'

/** The JSON that the trigger stores with the change. Empty outside any context. */
export function serializeContext(): string {
  const context = currentContext()
  if (!context) return ''
  const { actor, userId, requestId, describeRequest } = context
  return JSON.stringify({ actor, userId, requestId, causeId: causeIdOf(context), ...describeRequest?.() })
}
