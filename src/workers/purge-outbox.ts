import { purge } from '../db/queries/retention/purge.js'
import type { ScheduledTask } from './processor.js'

/** Deletes completed jobs. Dead letters stay until an operator retries or discards them. */
export const purgeOutbox: ScheduledTask = async ({ db, log }) => {
  log.info({ purged: { doneJobs: await purge(db, 'doneJobs') } }, 'deleted expired rows')
}
