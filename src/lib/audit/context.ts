import { AsyncLocalStorage } from 'node:async_hooks'
import { uuidV7 } from '../schema/uuid.js'
import { EVENT_OF_FAILURE, type SecurityEvent } from './security-events.js'

/** Who causes a change: a signed-in user, nobody in particular, a job or a script. */
export type Actor = 'user' | 'anonymous' | `job:${string}` | `cli:${string}`

/** What an audit entry tells of the request; secrets are already out. */
export type RequestDetails = {
  method: string
  url: string
  ip: string
  headers: unknown
  body: unknown
  args: unknown
}

/** How a request ended, as far as it decides on what is kept of it. */
export type Ending = 'ok' | 'denied' | 'failed'

export type Context = {
  actor: Actor
  userId: string | null
  requestId: string | null
  /** Of the client, while its socket still knew. */
  ip?: string
  /** The request as the server itself numbers it: clients choose request ids, and may use one again. Made when it is needed. */
  causeId?: string
  /** Called only when something is written: reads pay nothing for redaction. */
  describeRequest?: (ending?: Ending) => RequestDetails
  /** Rows of audited tables that committed writes have changed so far: there must be as many entries. */
  rowsChanged?: number
  /** What the request turned out to be, and whom it is about where that is not the caller. */
  event?: { name: SecurityEvent; subjectId: string | null }
  /** Which organization the request is about. */
  organizationId?: string
}

const storage = new AsyncLocalStorage<Context>()

/** Undefined outside a request: a job has the request id of its cause, and is another one. */
export function causeIdOf(context: Context): string | undefined {
  if (context.describeRequest) context.causeId ??= uuidV7(Date.now())
  return context.causeId
}

/** For logs and the audit log only: authorisation takes the user as an argument. */
export const currentContext = (): Context | undefined => storage.getStore()

export const runInContext = <T>(context: Context, work: () => T): T => storage.run(context, work)

/** For what goes on behind requests: a timer keeps the context of whoever has set it. */
export const runWithoutContext = <T>(work: () => T): T => storage.exit(work)

/**
 * Attributes every write inside `work` to a job or a script, and to the request that caused it, if one did.
 * Queries are lazy: they must be awaited inside `work`, or they start outside its context.
 */
export const withActor = <T>(
  actor: Actor,
  work: () => Promise<T>,
  requestId: string | null = null,
): Promise<T> => runInContext({ actor, userId: null, requestId }, async () => await work())

/** Names what the present request turned out to be, for `audit_requests`. The last word counts; outside a request nothing happens. */
export function recordSecurityEvent(name: SecurityEvent, subjectId: string | null = null): void {
  const context = currentContext()
  if (context) context.event = { name, subjectId }
}

/** For the record of the present request; outside a request nothing happens. */
export function recordOrganization(organizationId: string): void {
  const context = currentContext()
  if (context) context.organizationId = organizationId
}

/** Some failures say what the request was, unless that is known better. A URL that cannot be read has no context. */
export function recordErrorCode(context: Context | undefined, code: string): void {
  const name = EVENT_OF_FAILURE[code]
  if (context && name) context.event ??= { name, subjectId: null }
}
