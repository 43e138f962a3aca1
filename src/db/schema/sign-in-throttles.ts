import { integer, pgTable } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { bytea, moment } from './columns.js'

/**
 * Consecutive wrong passwords by e-mail address. Those of users who are signed in, or have proved the
 * mailbox, are counted separately. Unknown addresses are counted, too, so that a wait does not reveal
 * whether an account exists.
 */
export const signInThrottles = pgTable('sign_in_throttles', {
  /** A hash of the address or of the separate count's key, so that the table lists no addresses. */
  addressHash: bytea('address_hash').primaryKey(),
  failures: integer('failures').notNull(),
  lastFailureAt: moment('last_failure_at').notNull(),
  /** Until then every password gets the same response, right or wrong. */
  blockedUntil: moment('blocked_until'),
  /** Until then, tries from the client address in the hash, which proved the mailbox, count separately. */
  reservedUntil: moment('reserved_until'),
})

notAudited(signInThrottles, 'A counter, written for every wrong password of any caller.')
