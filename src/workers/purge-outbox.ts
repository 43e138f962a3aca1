import { purge } from '../db/queries/retention/purge.js'
import type { ScheduledTask } from './processor.js'

/** Only what is done: a dead letter stays until somebody decides about it. */
export const purgeOutbox: ScheduledTask = async ({ db, log }) => {
  log.info({ purged: { doneJobs: await purge(db, 'doneJobs') } }, 'deleted what was over')
}
