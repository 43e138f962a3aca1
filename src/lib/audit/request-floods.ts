import { networksOf } from '../network/client-networks.js'
import { uuidV7 } from '../schema/uuid.js'
import type { FinishedRequest, RequestOutline } from './finished-request.js'

const WINDOW_MS = 60_000
/** How many requests without effect get a record each in a window, for one client and for all clients. */
const LIMITS = { client: 20, all: 1_000 }
/** The maximum number of clients, and of summaries, in a window. More of them are counted together. */
const MAX_KEPT = 10_000
const TOO_MANY_REQUESTS = 429

/**
 * Summarizes requests without effect, anonymous or rate-limited, when a client sends many of them, so that
 * they do not fill a log that only grows. Requests about a known account are never summarized.
 */
export class RequestFloods {
  private readonly clients = new Map<string, number>()
  private readonly summaries = new Map<string, FinishedRequest>()
  private recorded = 0
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly record: (summary: FinishedRequest) => void) {}

  /**
   * Returns true when the request is part of a flood: it has been counted, and needs no record of its
   * own.
   */
  absorbs(request: RequestOutline): boolean {
    if (!isWithoutEffect(request)) return false
    this.timer ??= setTimeout(() => this.flush(), WINDOW_MS).unref()
    const client = this.clientOf(request)
    const count = (this.clients.get(client) ?? 0) + 1
    this.clients.set(client, count)
    if (count <= LIMITS.client && this.recorded < LIMITS.all) {
      this.recorded += 1
      return false
    }
    this.summarize(request, client)
    return true
  }

  /** Records the summaries so far and starts a new window. */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const summaries = [...this.summaries.values()]
    this.summaries.clear()
    this.clients.clear()
    this.recorded = 0
    const now = Date.now()
    const createdAt = new Date(now)
    for (const summary of summaries) this.record({ ...summary, id: uuidV7(now), createdAt })
  }

  private clientOf({ userId, ip }: RequestOutline): string {
    const client = userId ?? networksOf(ip).at(-1) ?? ip
    return this.clients.has(client) || this.clients.size < MAX_KEPT ? client : MANY
  }

  private summarize(request: RequestOutline, client: string): void {
    const { method, route, status, event, organizationId, ip } = request
    const key = [client, method, route, status, event, organizationId].join(' ')
    const summary = this.summaries.get(key)
    if (summary) summary.count += 1
    else if (this.summaries.size < MAX_KEPT || client === MANY)
      this.summaries.set(key, {
        ...request,
        ...NO_DETAILS,
        url: route ?? MANY,
        ip: client === MANY ? MANY : ip,
      })
    else this.summarize(request, MANY)
  }
}

/** In place of a client, an address or a URL: several of them together. */
const MANY = '*'
const NO_DETAILS = { headers: null, body: null, args: null }

/** Refused requests of signed-in users are recorded one by one, except those that a rate limit refuses. */
const isWithoutEffect = ({ outcome, userId, subjectId, rowsChanged, status }: RequestOutline): boolean =>
  outcome !== 'ok' &&
  rowsChanged === 0 &&
  subjectId === null &&
  (userId === null || status === TOO_MANY_REQUESTS)
