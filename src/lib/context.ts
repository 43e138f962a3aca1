import { AsyncLocalStorage } from 'node:async_hooks'
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

export type Context = {
  actor: Actor
  userId: string | null
  requestId: string | null
  /** Called only when something is written: reads pay nothing for redaction. */
  describeRequest?: () => RequestDetails
  /** Rows of audited tables that committed writes have changed so far: there must be as many entries. */
  rowsChanged?: number
  /** What the request turned out to be, and whom it is about where that is not the caller. */
  event?: { name: SecurityEvent; subjectId: string | null }
  /** Which organization the request is about. */
  organizationId?: string
}

const NONE = Symbol('no context')
const storage = new AsyncLocalStorage<Context | typeof NONE>()
let holds = 0

/** For the audit log only: authorisation takes the user as an argument. Requests that only read have none. */
export function currentContext(): Context | undefined {
  const context = storage.getStore()
  return context === NONE ? undefined : context
}

export const runInContext = <T>(context: Context, work: () => T): T => storage.run(context, work)

/**
 * To be called before work begins in a context; what it returns, when that has ended. While nothing does, contexts are switched
 * off: before Node 24 they follow every promise and callback of the process, and a request that only reads takes a sixth longer.
 */
export function holdContexts(): () => void {
  holds += 1
  return () => {
    holds -= 1
    if (holds === 0) storage.disable()
  }
}

async function within<T>(context: Context | typeof NONE, work: () => Promise<T>): Promise<T> {
  const release = holdContexts()
  try {
    return await storage.run(context, work)
  } finally {
    release()
  }
}

/** For what goes on behind requests: a timer keeps the context of whoever has set it. */
export const runWithoutContext = <T>(work: () => Promise<T>): Promise<T> => within(NONE, work)

/**
 * Attributes every write inside `work` to a job or a script, and to the request that caused it, if one did.
 * Queries are lazy: they must be awaited inside `work`, or they start outside its context.
 */
export const withActor = <T>(
  actor: Actor,
  work: () => Promise<T>,
  requestId: string | null = null,
): Promise<T> => within({ actor, userId: null, requestId }, async () => await work())

/** Names what the present request turned out to be, for `audit_requests`. The last word counts; outside a request nothing happens. */
export function noteEvent(name: SecurityEvent, subjectId: string | null = null): void {
  const context = currentContext()
  if (context) context.event = { name, subjectId }
}

/** For the record of the present request; outside a request nothing happens. */
export function noteOrganization(organizationId: string): void {
  const context = currentContext()
  if (context) context.organizationId = organizationId
}

/** Some failures say what the request was, unless that is known better. A URL that cannot be read has no context. */
export function noteFailure(context: Context | undefined, code: string): void {
  const name = EVENT_OF_FAILURE[code]
  if (context && name) context.event ??= { name, subjectId: null }
}
