import { Batcher } from '../../../lib/async/batcher.js'
import { bytesOf } from '../../../lib/async/bytes-of.js'
import { runWithoutContext } from '../../../lib/audit/context.js'
import type { FinishedRequest, RequestOutline } from '../../../lib/audit/finished-request.js'
import { RequestFloods } from '../../../lib/audit/request-floods.js'
import type { Metrics, Reading } from '../../../lib/observability/metrics.js'
import type { Db } from '../../driver/client.js'
import { isServerError, isUnavailable } from '../../driver/errors.js'
import { recordRequests } from './audit-requests.js'

type Log = Record<'warn' | 'error', (details: object, message: string) => void>

const DELAY_MS = 250
const BATCH_SIZE = 500
const BATCH_BYTES = 1_048_576
const RETRY_MS = 1_000
/** Enough for an outage of minutes under load. Clients may send requests that make the largest records. */
const MAX_WAITING = 10_000
const MAX_WAITING_BYTES = 32 * 1_048_576

const readingsOf = (recorder: RequestRecorder): Reading[] => [
  {
    name: 'app_audit_requests_waiting',
    help: 'Requests whose record is not written yet. Beyond 10,000 or 32 MiB the oldest are lost.',
    type: 'gauge',
    read: () => recorder.waiting,
  },
  {
    name: 'app_audit_requests_lost_total',
    help: 'Requests whose record could not be written. They are only in the log.',
    type: 'counter',
    read: () => recorder.lost,
  },
  {
    name: 'app_audit_missing_total',
    help: 'Requests that changed more rows than the audit log has entries. A trigger was disabled.',
    type: 'counter',
    read: () => recorder.missing,
  },
]

/** Writes request records in batches, shortly after the responses, which do not wait for them. */
export class RequestRecorder {
  /** The number of requests without a record, which are only in the log. */
  lost = 0
  /** The number of requests that changed rows without audit entries. */
  missing = 0
  private readonly batcher: Batcher<FinishedRequest>
  private readonly floods = new RequestFloods((summary) => this.batcher.add(summary))

  private readonly db: Db
  private readonly log: Log

  constructor({ db, log, metrics }: { db: Db; log: Log; metrics: Pick<Metrics, 'add'> }) {
    this.db = db
    this.log = log
    metrics.add(readingsOf(this))
    this.batcher = new Batcher<FinishedRequest>({
      write: (requests) => runWithoutContext(() => this.write(requests)),
      delayMs: DELAY_MS,
      batchSize: BATCH_SIZE,
      batchBytes: BATCH_BYTES,
      retryMs: RETRY_MS,
      maxWaiting: MAX_WAITING,
      maxWaitingBytes: MAX_WAITING_BYTES,
      bytesOf,
      onError: (err, waiting) => log.warn({ err, waiting }, 'requests cannot be recorded for the moment'),
      onLost: (requests) => {
        for (const request of requests) this.giveUp(request)
      },
    })
  }

  get waiting(): number {
    return this.batcher.size
  }

  /** `describe` is called only if the request gets its own record, not if a flood absorbs it. */
  add(outline: RequestOutline, describe: (outline: RequestOutline) => FinishedRequest): void {
    if (!this.floods.absorbs(outline)) this.batcher.add(describe(outline))
  }

  flush(): Promise<void> {
    this.floods.flush()
    return this.batcher.flush()
  }

  close(): Promise<void> {
    this.floods.flush()
    return this.batcher.close()
  }

  private async write(requests: readonly FinishedRequest[]): Promise<void> {
    try {
      for (const requestId of await recordRequests(this.db, requests)) {
        this.missing += 1
        this.log.error({ requestId }, 'missing_audit: rows were changed without audit entries')
      }
    } catch (error) {
      if (!isServerError(error) || isUnavailable(error)) throw error
      // A record that the database rejects must not block the others.
      const [request, ...others] = requests
      if (request && others.length === 0) this.giveUp(request, error)
      else for (const single of requests) await this.write([single])
    }
  }

  /** Logs the request, because its record is lost. */
  private giveUp(
    { requestId, event, outcome, actor, userId, method, url }: FinishedRequest,
    err?: unknown,
  ): void {
    this.lost += 1
    this.log.error(
      { err, request: { requestId, event, outcome, actor, userId, method, url } },
      'a request could not be recorded',
    )
  }
}
