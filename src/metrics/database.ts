import type { Transactions } from '../db/driver/client.js'
import type { PoolState } from '../db/driver/pool.js'
import { type Backlog, readBacklog } from '../db/queries/jobs/backlog.js'
import { cachedFor } from '../lib/async/cached-for.js'
import type { Reading, Values } from '../lib/observability/metrics.js'

/** Named as OpenTelemetry's conventions have them. */
export const poolReadings = (read: () => PoolState): Reading[] => [
  {
    name: 'db_client_connection_count',
    help: 'Connections of the database pool: used by somebody, or idle.',
    type: 'gauge',
    labels: ['state'],
    read: () => {
      const { used, idle } = read()
      return [
        { value: used, labels: { state: 'used' } },
        { value: idle, labels: { state: 'idle' } },
      ]
    },
  },
  {
    name: 'db_client_connection_max',
    help: 'The most connections that the pool opens (DATABASE_POOL_MAX).',
    type: 'gauge',
    read: () => read().max,
  },
  {
    name: 'db_client_connection_pending_requests',
    help: 'Callers that wait for a connection.',
    type: 'gauge',
    read: () => read().waiting,
  },
  {
    name: 'db_client_connection_timeouts_total',
    help: 'Callers that got no connection in time.',
    type: 'counter',
    read: () => read().shed.total,
  },
]

/** However often and by however many they are read, the database is asked no more often than this. */
const BACKLOG_MAX_AGE_MS = 10_000
const STATEMENT_TIMEOUT_MS = 900

/** From the database: left out while it does not answer. */
export function backlogReadings(transactions: Transactions): Reading[] {
  const backlog = cachedFor(
    () =>
      transactions.begin('read only', async (tx) => {
        await tx`select set_config('statement_timeout', ${String(STATEMENT_TIMEOUT_MS)}, true)`
        return readBacklog(tx)
      }) as Promise<Backlog>,
    BACKLOG_MAX_AGE_MS,
  )
  const gauge = (name: string, help: string, pick: (known: Backlog) => Values): Reading => ({
    name,
    help,
    type: 'gauge',
    read: async () => {
      const known = await backlog()
      return known && pick(known)
    },
  })
  return [
    {
      ...gauge('groundwork_backlog_known', '1 while the database answers what follows, else 0.', () => 1),
      read: async () => ((await backlog()) ? 1 : 0),
    },
    gauge('groundwork_outbox_jobs', 'Jobs that are to be done, at most 10,000.', (it) => it.open),
    gauge('groundwork_outbox_failing_jobs', 'Those of them that have failed before.', (it) => it.failing),
    gauge(
      'groundwork_outbox_ready_age_seconds',
      'For how long the oldest job that nobody has taken could have been; 0 without one.',
      (it) => it.readySeconds ?? 0,
    ),
    {
      ...gauge('groundwork_dead_letters', 'Jobs that failed for good, by name, at most 10,000.', (it) =>
        it.deadLetters.map(({ job, count }) => ({ value: count, labels: { job_name: job } })),
      ),
      labels: ['job_name'],
    },
    gauge(
      'groundwork_audit_partitions_ahead',
      'Months after this one that have their partitions of the audit log.',
      (it) => it.partitionsAhead,
    ),
    gauge(
      'groundwork_audit_unsealed_age_seconds',
      'The age of the oldest row of the audit log that no seal covers; absent while nothing was ever sealed.',
      (it) => it.unsealedSeconds ?? undefined,
    ),
  ]
}
