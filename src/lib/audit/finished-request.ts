import type { FastifyReply, FastifyRequest } from 'fastify'
import { uuidV7 } from '../schema/uuid.js'
import { causeIdOf, type Ending, type RequestDetails } from './context.js'
import type { SecurityEvent } from './security-events.js'

/**
 * How a request ended. `aborted`: the client hung up before the response. `missing_audit`, detected by the
 * database: the request changed more rows of audited tables than it has entries.
 */
export const REQUEST_OUTCOMES = ['ok', 'rejected', 'denied', 'error', 'aborted', 'missing_audit'] as const
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number]

/** A request record. */
export type FinishedRequest = RequestOutline & RequestDetails

/** A request record without the client's data. */
export type RequestOutline = {
  id: string
  /** The server's own id of the request, which its audit entries also have. */
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
  /** How many requests this record summarizes: 1, or more in a flood. */
  count: number
}

const MUTATING = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

export const isMutating = (method: string): boolean => MUTATING.has(method)

const isDenial = (status: number): boolean => status === 401 || status === 403

/**
 * Records mutating requests, denied ones, those with a security event and those that changed audited
 * rows.
 */
export const isWorthRecording = ({ method, context }: FastifyRequest, status: number): boolean =>
  isMutating(method) || isDenial(status) || context.event !== undefined || context.rowsChanged !== undefined

const outcomeOf = (status: number): RequestOutcome => {
  if (isDenial(status)) return 'denied'
  if (status >= 500) return 'error'
  return status >= 400 ? 'rejected' : 'ok'
}

/** The record of a request that has just ended. `isAborted`: the client hung up before the response. */
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

/** Adds the client's data, as far as it is kept for a request with this outcome. */
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
