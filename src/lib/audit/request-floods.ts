import { networksOf } from '../network/client-networks.js'
import { uuidV7 } from '../schema/uuid.js'
import type { FinishedRequest, RequestOutline } from './finished-request.js'

const WINDOW_MS = 60_000
/** How many requests without effect are recorded one by one in a window: of one client, and of all together. */
const LIMITS = { client: 20, all: 1_000 }
/** So many clients, and so many sums, are told apart in a window. Beyond that they are counted together. */
const MAX_KEPT = 10_000
const TOO_MANY_REQUESTS = 429

/**
 * Sums up requests without an account and without effect, once a client sends many of them: they must not fill a log that only
 * grows. Requests about a known account are never summed up.
 */
export class RequestFloods {
  private readonly clients = new Map<string, number>()
  private readonly sums = new Map<string, FinishedRequest>()
  private recorded = 0
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly record: (sum: FinishedRequest) => void) {}

  /** Whether the request is part of a flood: it is counted, and not to be recorded by itself. */
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
    this.sumUp(request, client)
    return true
  }

  /** Records the sums so far, and counts anew. */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const sums = [...this.sums.values()]
    this.sums.clear()
    this.clients.clear()
    this.recorded = 0
    const now = Date.now()
    for (const sum of sums) this.record({ ...sum, id: uuidV7(now), createdAt: new Date(now) })
  }

  private clientOf({ userId, ip }: RequestOutline): string {
    const client = userId ?? networksOf(ip).at(-1) ?? ip
    return this.clients.has(client) || this.clients.size < MAX_KEPT ? client : EVERY
  }

  private sumUp(request: RequestOutline, client: string): void {
    const { method, route, status, event, organizationId, ip } = request
    const key = [client, method, route, status, event, organizationId].join(' ')
    const known = this.sums.get(key)
    if (known) known.count += 1
    else if (this.sums.size < MAX_KEPT || client === EVERY)
      this.sums.set(key, {
        ...request,
        ...NO_DETAILS,
        url: route ?? EVERY,
        ip: client === EVERY ? EVERY : ip,
      })
    else this.sumUp(request, EVERY)
  }
}

const EVERY = '*'
const NO_DETAILS = { headers: null, body: null, args: null }

/** Signed-in users are held to account for what they are refused, up to the rate limit. */
const isWithoutEffect = ({ outcome, userId, subjectId, rowsChanged, status }: RequestOutline): boolean =>
  outcome !== 'ok' &&
  rowsChanged === 0 &&
  subjectId === null &&
  (userId === null || status === TOO_MANY_REQUESTS)
