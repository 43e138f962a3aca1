import { listActiveSuperAdmins } from '../db/queries/accounts/users.js'
import { countFailedJobs } from '../db/queries/jobs/failed-jobs.js'
import { enqueueMail, markDone } from '../db/queries/jobs/outbox.js'
import type { ScheduledTask } from './processor.js'

/**
 * Enqueues a mail to each super_admin while there are dead letters. Each is a
 * separate job, so that a retry repeats no mail.
 */
export const reportFailedJobs: ScheduledTask = ({ db }, { id }) =>
  db.transaction(async (tx) => {
    if (!(await markDone(tx, id))) return
    const failed = await countFailedJobs(tx)
    if (failed.length === 0) return
    for (const { id: userId, email } of await listActiveSuperAdmins(tx)) {
      await enqueueMail(tx, 'send-failed-jobs-report', { userId }, { kind: 'failed-jobs', email })
    }
  })
