import type { RevocationList } from '../db/queries/sessions/revocation-list.js'
import type { SemaphoreState } from '../lib/async/semaphore.js'
import type { ShedCounter } from '../lib/async/shed-counter.js'
import type { FindBreach } from '../lib/auth/breached-passwords.js'
import type { Metrics, Reading } from '../lib/observability/metrics.js'
import type { RateLimitStats } from '../rate-limit/stats.js'

export const hashingReadings = (read: () => SemaphoreState): Reading[] => [
  {
    name: 'app_password_hashes_running',
    help: 'Passwords that are being hashed, at most two.',
    type: 'gauge',
    read: () => read().running,
  },
  {
    name: 'app_password_hashes_waiting',
    help: 'Passwords that wait to be hashed.',
    type: 'gauge',
    read: () => read().waiting,
  },
]

/** Wraps the check to count its outcomes. */
export function countBreachChecks(findBreach: FindBreach, metrics: Metrics): FindBreach {
  const count = metrics.counter({
    name: 'app_breached_password_checks_total',
    help: 'New passwords that were looked up in breaches; failed ones were accepted unchecked.',
    labels: ['outcome'],
  })
  return async (password) => {
    const outcome = await findBreach(password)
    count({ outcome })
    return outcome
  }
}

export const revocationListReadings = (read: RevocationList['state']): Reading[] => [
  {
    name: 'app_revocation_list_listening',
    help: '1 while the process receives revocations; at 0 each request queries the database.',
    type: 'gauge',
    read: () => (read().isListening ? 1 : 0),
  },
  {
    name: 'app_revocation_list_entries',
    help: 'Ended sessions and changed users that are kept until their tokens have expired.',
    type: 'gauge',
    read: () => read().remembered,
  },
]

export const rateLimitReadings = (read: () => RateLimitStats): Reading[] => [
  {
    name: 'app_rate_limit_decisions_total',
    help: 'Requests that were checked against rate limits.',
    type: 'counter',
    read: () => read().decided,
  },
  {
    name: 'app_rate_limit_refusals_total',
    help: 'Refused requests, by the name of the limit.',
    type: 'counter',
    labels: ['limit'],
    read: () => Object.entries(read().refused).map(([limit, value]) => ({ value, labels: { limit } })),
  },
  {
    name: 'app_rate_limit_degraded',
    help: '1 while Redis is down and each process counts on its own.',
    type: 'gauge',
    read: () => (read().isDegraded ? 1 : 0),
  },
  {
    name: 'app_rate_limit_local_decisions_total',
    help: 'Requests that this process decided on its own while Redis was down.',
    type: 'counter',
    read: () => read().decidedHere,
  },
  {
    name: 'app_rate_limit_keys',
    help: 'Rate limit keys in the memory of this process.',
    type: 'gauge',
    read: () => read().localKeys,
  },
]

/** `read` returns the counters by cause. */
export const shedReadings = (read: () => Record<string, ShedCounter>): Reading[] => [
  {
    name: 'app_shed_total',
    help: 'Requests and jobs that were refused because of overload, by cause.',
    type: 'counter',
    labels: ['cause'],
    read: () => Object.entries(read()).map(([cause, { total }]) => ({ value: total, labels: { cause } })),
  },
]
