import { findUserById } from '../db/queries/accounts/users.js'
import { countFailedJobs } from '../db/queries/jobs/failed-jobs.js'
import { failedJobs } from '../emails/failed-jobs.js'
import type { Processor } from './processor.js'

/** What failed is counted here: what was retried or discarded since the report was asked for is no news. */
export const sendFailedJobsReport: Processor<'send-failed-jobs-report'> = async (app, { userId }, { id }) => {
  const user = await findUserById(app.db, userId)
  if (user?.status !== 'active' || user.role !== 'super_admin') return
  const jobs = await countFailedJobs(app.db)
  if (jobs.length === 0) return
  const { firstName, email } = user
  const mail = failedJobs.write({ firstName, email, baseUrl: app.mailedLinks.baseUrl, jobs })
  await app.mailer.send({ to: email, mail, messageId: id })
}
