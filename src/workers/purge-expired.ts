import { type Perishable, purge } from '../db/queries/retention/purge.js'
import type { ScheduledTask } from './processor.js'

/**
 * In this order: deleting a session cascades to its refresh tokens, in a single statement however many they
 * are, so the tokens are deleted first, in batches.
 */
const PURGED_IN_ORDER = [
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
  for (const kind of PURGED_IN_ORDER) purged[kind] = await purge(db, kind)
  log.info({ purged }, 'deleted expired rows')
}
