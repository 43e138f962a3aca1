import { AsyncLocalStorage } from 'node:async_hooks'
import { uuidV7 } from '../schema/uuid.js'
import { EVENT_OF_FAILURE, type SecurityEvent } from './security-events.js'

/** The cause of a change: a signed-in user, an anonymous caller, a job or a script. */
export type Actor = 'user' | 'anonymous' | `job:${string}` | `cli:${string}`

/** The request data in an audit entry, already without secrets. */
export type RequestDetails = {
  method: string
  url: string
  ip: string
  headers: unknown
  body: unknown
  args: unknown
}

/** How a request ended. It decides how much of the request is kept. */
export type Ending = 'ok' | 'denied' | 'failed'

/** The context of a request, a job or a script, for logs and the audit log. */
export type Context = {
  actor: Actor
  userId: string | null
  requestId: string | null
  /** The client's address, read early: a closed socket does not have it any more. */
  ip?: string
  /**
   * The server's own id of the request, created when it is needed. Clients choose request ids, and may
   * use one twice.
   */
  causeId?: string
  /** Called only when something is written, so that reads do not pay for redaction. */
  describeRequest?: (ending?: Ending) => RequestDetails
  /** Rows of audited tables that committed writes have changed so far. There must be as many entries. */
  rowsChanged?: number
  /**
   * The security event of the request. `subjectId` is the user it is about, or null when that is the
   * caller.
   */
  event?: { name: SecurityEvent; subjectId: string | null }
  /** The organization that the request is about. */
  organizationId?: string
}

const storage = new AsyncLocalStorage<Context>()

/** Undefined outside a request: a job has the request id of its cause, but is not that request. */
export function causeIdOf(context: Context): string | undefined {
  if (context.describeRequest) context.causeId ??= uuidV7(Date.now())
  return context.causeId
}

/** For logs and the audit log only: authorization takes the user as an argument. */
export const currentContext = (): Context | undefined => storage.getStore()

export const runInContext = <T>(context: Context, work: () => T): T => storage.run(context, work)

/** For background work: a timer would keep the context of the request that set it. */
export const runWithoutContext = <T>(work: () => T): T => storage.exit(work)

/**
 * Attributes every write inside `work` to a job or a script, and to the request that caused it, if any.
 * Queries are lazy: await them inside `work`, or they start outside its context.
 */
export const withActor = <T>(
  actor: Actor,
  work: () => Promise<T>,
  requestId: string | null = null,
): Promise<T> => runInContext({ actor, userId: null, requestId }, async () => await work())

/**
 * Sets the security event of the current request, for `audit_requests`. The last call wins. Does nothing
 * outside a request. `subjectId` defaults to null: the event is about the caller.
 */
export function recordSecurityEvent(name: SecurityEvent, subjectId: string | null = null): void {
  const context = currentContext()
  if (context) context.event = { name, subjectId }
}

/** Sets the organization in the request record. Does nothing outside a request. */
export function recordOrganization(organizationId: string): void {
  const context = currentContext()
  if (context) context.organizationId = organizationId
}

/**
 * Sets the security event that belongs to an error code, unless the request already has an event. The
 * context is undefined for a URL that cannot be parsed.
 */
export function recordErrorCode(context: Context | undefined, code: string): void {
  const name = EVENT_OF_FAILURE[code]
  if (context && name) context.event ??= { name, subjectId: null }
}
