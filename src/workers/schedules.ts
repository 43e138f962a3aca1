import { moveNewEntries } from '../db/audit/new-entries.js'
import { keepAuditPartitions } from '../db/seals/retention.js'
import { sealAuditLog } from '../db/seals/seal.js'
import type { AuditSigningKey } from '../lib/audit/audit-keys.js'
import type { Schedules } from './processor.js'
import { purgeExpired } from './purge-expired.js'
import { purgeOutbox } from './purge-outbox.js'
import { reportFailedJobs } from './report-failed-jobs.js'

type ScheduleOptions = { auditKey: AuditSigningKey | undefined }

/**
 * The jobs that run at set times. Changes here are applied to the queue when a worker starts.
 *
 * @param options.auditKey undefined: the audit log is not sealed
 */
export const schedulesWith = ({ auditKey }: ScheduleOptions): Schedules => ({
  'keep-audit-partitions': {
    cron: '10 2 * * *',
    atStart: true,
    run: ({ transactions }) => keepAuditPartitions(transactions, auditKey),
  },
  // API processes move entries, too, but not while they have no requests.
  'move-audit-entries': { everySeconds: 60, run: ({ transactions }) => moveNewEntries(transactions) },
  ...(auditKey && {
    'seal-audit-log': { everySeconds: 60, run: ({ transactions }) => sealAuditLog(transactions, auditKey) },
  }),
  'purge-expired': { cron: '7 * * * *', run: purgeExpired },
  'purge-outbox': { cron: '37 3 * * *', run: purgeOutbox },
  'report-failed-jobs': { cron: '0 6 * * 1', run: reportFailedJobs },
})
