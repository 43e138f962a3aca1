import { index, integer, pgEnum, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { MAILED_TOKEN_PURPOSES } from '../../lib/auth/mailed-tokens.js'
import { notAudited } from '../declarations/audited.js'
import { bytea, createdAt, id, moment } from './columns.js'
import { registrations } from './registrations.js'
import { sessions } from './sessions.js'
import { users } from './users.js'

export const mailedTokenPurpose = pgEnum('mailed_token_purpose', MAILED_TOKEN_PURPOSES)

/**
 * What a mailed link stands for. The token itself is nowhere: it is derived from the row when the mail is written, and
 * compared by its hash when it comes back. Several of one purpose may live at once, so that a stranger who asks for one voids
 * none of the owner's; the first use removes them all. A row is worth nothing once the account is not as it was when the link was
 * asked for, and a trigger removes it then.
 */
export const mailedTokens = pgTable(
  'mailed_tokens',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    purpose: mailedTokenPurpose('purpose').notNull(),
    /** The mailbox that the link goes to, and so the one that it proves. */
    email: text('email').notNull(),
    tokenHash: bytea('token_hash').notNull(),
    /** Which of the signing keys it was derived with: it outlives a rotation. */
    keyId: text('key_id').notNull(),
    createdAt: createdAt(),
    expiresAt: moment('expires_at').notNull(),
    /** The account's, when the link was asked for. */
    securityVersion: integer('security_version').notNull(),
    /** Whose password and names the link activates. */
    registrationId: uuid('registration_id').references(() => registrations.id, { onDelete: 'cascade' }),
    /** In which a new address was asked for: with its end the link ends, too. */
    sessionId: uuid('session_id').references(() => sessions.id, { onDelete: 'cascade' }),
  },
  (table) => [
    index('mailed_tokens_user_id_purpose_idx').on(table.userId, table.purpose),
    index('mailed_tokens_registration_id_idx').on(table.registrationId),
    index('mailed_tokens_session_id_idx').on(table.sessionId),
    uniqueIndex('mailed_tokens_token_hash_key').on(table.tokenHash),
  ],
)

notAudited(
  mailedTokens,
  'Lives for minutes to hours; what a token brings about is audited in users and sessions.',
)

export type MailedToken = typeof mailedTokens.$inferSelect
