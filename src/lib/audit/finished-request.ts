import type { FastifyReply, FastifyRequest } from 'fastify'
import { uuidV7 } from '../schema/uuid.js'
import { causeIdOf, type Ending, type RequestDetails } from './context.js'
import type { SecurityEvent } from './security-events.js'

/**
 * How a request ended. `aborted`: the client hung up before it was answered. `missing_audit`, found out by the database: it
 * changed rows of audited tables, and there are fewer entries than that.
 */
export const REQUEST_OUTCOMES = ['ok', 'rejected', 'denied', 'error', 'aborted', 'missing_audit'] as const
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number]

/** What became of a request. */
export type FinishedRequest = RequestOutline & RequestDetails

/** The same without what the client sent. */
export type RequestOutline = {
  id: string
  /** As the server numbers the request: its entries have it, too. */
  causeId: string
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
  ip: string
  method: string
  /** How many requests it stands for. */
  count: number
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

export function outlineOf(request: FastifyRequest, reply: FastifyReply, isAborted: boolean): RequestOutline {
  const { context } = request
  const { statusCode: status, elapsedTime: durationMs } = reply
  const now = Date.now()
  const id = uuidV7(now)
  return {
    id,
    causeId: causeIdOf(context) ?? id,
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
    method: request.method,
    route: request.routeOptions.url ?? null,
    ip: context.ip ?? request.ip,
    rowsChanged: context.rowsChanged ?? 0,
    count: 1,
  }
}

/** With what the client sent, as far as it is kept of a request that ended so. */
export const withDetails = (outline: RequestOutline, { context }: FastifyRequest): FinishedRequest => ({
  ...outline,
  ...(context.describeRequest?.(ENDINGS[outline.outcome]) as RequestDetails),
})

const ENDINGS: Record<RequestOutcome, Ending> = {
  ok: 'ok',
  missing_audit: 'ok',
  denied: 'denied',
  rejected: 'failed',
  error: 'failed',
  aborted: 'failed',
}
