import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequestDetails } from './context.js'
import type { SecurityEvent } from './security-events.js'
import { uuidV7 } from './uuid.js'

/**
 * How a request ended. `aborted`: the client hung up before it was answered. `missing_audit`, found out by the database: it
 * changed rows of audited tables, and there are fewer entries than that.
 */
export const REQUEST_OUTCOMES = ['ok', 'rejected', 'denied', 'error', 'aborted', 'missing_audit'] as const
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number]

/** What became of a request. */
export type FinishedRequest = RequestDetails & {
  id: string
  startedAt: Date
  createdAt: Date
  requestId: string
  actor: string
  userId: string | null
  subjectId: string | null
  organizationId: string | null
  event: SecurityEvent | null
  outcome: RequestOutcome
  status: number
  durationMs: number
  route: string | null
  rowsChanged: number
}

const MUTATING = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

export const isMutating = (method: string): boolean => MUTATING.has(method)

const isDenial = (status: number): boolean => status === 401 || status === 403

/** Whoever wanted to change something, was refused, or did what has a name. */
export const isWorthRecording = ({ method, context }: FastifyRequest, status: number): boolean =>
  isMutating(method) || isDenial(status) || context.event !== undefined || context.rowsChanged !== undefined

const outcomeOf = (status: number): RequestOutcome => {
  if (isDenial(status)) return 'denied'
  if (status >= 500) return 'error'
  return status >= 400 ? 'rejected' : 'ok'
}

export function toFinishedRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  isAborted: boolean,
): FinishedRequest {
  const { context } = request
  const { statusCode: status, elapsedTime: durationMs } = reply
  const now = Date.now()
  return {
    ...(context.describeRequest?.() as RequestDetails),
    id: uuidV7(now),
    startedAt: new Date(now - durationMs),
    createdAt: new Date(now),
    requestId: request.id,
    actor: context.actor,
    userId: context.userId,
    subjectId: context.event?.subjectId ?? null,
    organizationId: context.organizationId ?? null,
    event: context.event?.name ?? null,
    outcome: isAborted ? 'aborted' : outcomeOf(status),
    status,
    durationMs: Math.round(durationMs * 10) / 10,
    route: request.routeOptions.url ?? null,
    rowsChanged: context.rowsChanged ?? 0,
  }
}
