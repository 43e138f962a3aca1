import { type Perishable, purge } from '../db/queries/retention/purge.js'
import type { ScheduledTask } from './processor.js'

/** Refresh tokens before sessions, which would take theirs along in one statement, however many. */
const WHAT = [
  'mailedTokens',
  'unconfirmedAccounts',
  'invitations',
  'refreshTokens',
  'sessions',
  'accessRevocations',
  'signInThrottles',
  'mailCounts',
] as const

export const purgeExpired: ScheduledTask = async ({ db, log }) => {
  const purged: Partial<Record<Perishable, number>> = {}
  for (const what of WHAT) purged[what] = await purge(db, what)
  log.info({ purged }, 'deleted what was over')
}
