import type { SpanDescription } from '../observability/tracing.js'

const KINDS = { create: 'producer', send: 'producer', process: 'consumer' } as const

/** A job is enqueued in a transaction (`create`), relayed to the queue (`send`) and run (`process`). */
export function describeJob(operation: keyof typeof KINDS, job: string, id?: string): SpanDescription {
  const attributes = {
    'messaging.system': 'bullmq',
    'messaging.destination.name': job,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    ...(id !== undefined && { 'messaging.message.id': id }),
  }
  return { name: `${operation} ${job}`, kind: KINDS[operation], attributes }
}
