import { findUserById } from '../db/queries/accounts/users.js'
import { countFailedJobs } from '../db/queries/jobs/failed-jobs.js'
import { failedJobs } from '../emails/failed-jobs.js'
import type { Processor } from './processor.js'

/**
 * Counts the dead letters when the mail is sent: some may have been
 * retried or discarded since it was enqueued.
 */
export const sendFailedJobsReport: Processor<'send-failed-jobs-report'> = async (app, { userId }, { id }) => {
  const user = await findUserById(app.db, userId)
  if (user?.status !== 'active' || user.role !== 'super_admin') return
  const jobs = await countFailedJobs(app.db)
  if (jobs.length === 0) return
  const { firstName, email } = user
  const mail = failedJobs.write({ firstName, email, baseUrl: app.mailedLinks.baseUrl, jobs })
  await app.mailer.send({ to: email, mail, messageId: id })
}
