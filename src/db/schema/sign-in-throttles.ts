import { integer, pgTable } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { bytea, moment } from './columns.js'

/**
 * Wrong passwords in a row, by address, and apart from it those of who has proved the mailbox or is signed in. Unknown
 * addresses are counted alike, so that a wait reveals nothing.
 */
export const signInThrottles = pgTable('sign_in_throttles', {
  /** A hash, of an address alone or of what is counted apart: the table is no list of the addresses that somebody tried. */
  addressHash: bytea('address_hash').primaryKey(),
  failures: integer('failures').notNull(),
  lastFailureAt: moment('last_failure_at').notNull(),
  /** Until then every password gets the same answer. */
  blockedUntil: moment('blocked_until'),
  /** Until then it counts apart, for who has proved the mailbox from the client address in the hash. */
  reservedUntil: moment('reserved_until'),
})

notAudited(signInThrottles, 'A counter, written by every wrong password of anybody.')
