import type { Transactions } from '../db/driver/client.js'
import type { PoolState } from '../db/driver/pool.js'
import { type Backlog, readBacklog } from '../db/queries/jobs/backlog.js'
import { cachedFor } from '../lib/async/cached-for.js'
import type { Reading, Values } from '../lib/observability/metrics.js'

/** Named as in OpenTelemetry's conventions. */
export const poolReadings = (read: () => PoolState): Reading[] => [
  {
    name: 'db_client_connection_count',
    help: 'Connections of the database pool, used or idle.',
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
    help: 'The maximum number of connections of the pool (DATABASE_POOL_MAX).',
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

/** The database is queried at most this often, however often the metrics are scraped. */
const BACKLOG_MAX_AGE_MS = 10_000
const STATEMENT_TIMEOUT_MS = 900

type ReadBacklog = () => Promise<Backlog | undefined>

const gaugeOf =
  (backlog: ReadBacklog) =>
  (name: string, help: string, pick: (current: Backlog) => Values): Reading => ({
    name,
    help,
    type: 'gauge',
    read: async () => {
      const current = await backlog()
      return current && pick(current)
    },
  })

/** Values from the database. They are absent while it does not respond. */
export function backlogReadings(transactions: Transactions): Reading[] {
  const backlog = cachedFor(
    () =>
      transactions.begin('read only', async (tx) => {
        await tx`select set_config('statement_timeout', ${String(STATEMENT_TIMEOUT_MS)}, true)`
        return readBacklog(tx)
      }) as Promise<Backlog>,
    BACKLOG_MAX_AGE_MS,
  )
  const gauge = gaugeOf(backlog)
  const isKnown: Reading = {
    ...gauge('app_backlog_known', '1 while the database responds with the backlog, otherwise 0.', () => 1),
    read: async () => ((await backlog()) ? 1 : 0),
  }
  return [isKnown, ...outboxReadings(gauge), ...auditReadings(gauge)]
}

type CreateGauge = ReturnType<typeof gaugeOf>

const outboxReadings = (gauge: CreateGauge): Reading[] => [
  gauge('app_outbox_jobs', 'Open jobs, counted up to 10,000.', (it) => it.open),
  gauge('app_outbox_failing_jobs', 'Open jobs that have failed before.', (it) => it.failing),
  gauge(
    'app_outbox_ready_age_seconds',
    'How long the oldest job that no worker has taken has been ready; 0 without one.',
    (it) => it.readySeconds ?? 0,
  ),
  {
    ...gauge('app_dead_letters', 'Jobs that failed for the last time, by name, counted up to 10,000.', (it) =>
      it.deadLetters.map(({ job, count }) => ({ value: count, labels: { job_name: job } })),
    ),
    labels: ['job_name'],
  },
]

const auditReadings = (gauge: CreateGauge): Reading[] => [
  gauge(
    'app_audit_partitions_ahead',
    'Months after the current one that have a partition of the audit log.',
    (it) => it.partitionsAhead,
  ),
  gauge(
    'app_audit_unsealed_age_seconds',
    'The age of the oldest row of the audit log without a seal; absent while there is no seal at all.',
    (it) => it.unsealedSeconds ?? undefined,
  ),
  gauge(
    'app_audit_new_entry_age_seconds',
    'The age of the oldest audit entry that has not been moved into the log; 0 without one.',
    (it) => it.newEntrySeconds ?? 0,
  ),
]
