import { integer, pgTable } from 'drizzle-orm/pg-core'
import { notAudited } from '../audit/policy.js'
import { bytea, moment } from './columns.js'

/** Wrong passwords in a row, by address. Unknown addresses are counted alike, so that a wait reveals nothing. */
export const signInThrottles = pgTable('sign_in_throttles', {
  /** A hash: the table is no list of the addresses that somebody tried. */
  addressHash: bytea('address_hash').primaryKey(),
  failures: integer('failures').notNull(),
  lastFailureAt: moment('last_failure_at').notNull(),
  /** Until then every password gets the same answer. */
  blockedUntil: moment('blocked_until'),
})

notAudited(signInThrottles, 'A counter, written by every wrong password of anybody.')
