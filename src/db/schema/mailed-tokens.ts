import { index, integer, pgEnum, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { MAILED_TOKEN_PURPOSES } from '../../lib/auth/mailed-tokens.js'
import { notAudited } from '../declarations/audited.js'
import { bytea, createdAt, id, moment } from './columns.js'
import { registrations } from './registrations.js'
import { sessions } from './sessions.js'
import { users } from './users.js'

export const mailedTokenPurpose = pgEnum('mailed_token_purpose', MAILED_TOKEN_PURPOSES)

/**
 * Tokens of mailed links. The token is not stored: it is derived from the row when the mail is
 * written, and looked up by its hash when it is used.
 *
 * Several tokens of one purpose may be valid at once, so that a stranger who requests one does not
 * void the owner's. The first use removes them all. A trigger removes a row when its account changes
 * after the request.
 */
export const mailedTokens = pgTable(
  'mailed_tokens',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    purpose: mailedTokenPurpose('purpose').notNull(),
    /** The mailbox that the link goes to, and that its use proves. */
    email: text('email').notNull(),
    tokenHash: bytea('token_hash').notNull(),
    /** The signing key that the token was derived with, so that it stays valid after a key rotation. */
    keyId: text('key_id').notNull(),
    createdAt: createdAt(),
    expiresAt: moment('expires_at').notNull(),
    /** The account's version when the link was requested. */
    securityVersion: integer('security_version').notNull(),
    /** The registration whose password and names the link activates. */
    registrationId: uuid('registration_id').references(() => registrations.id, { onDelete: 'cascade' }),
    /** The session that requested a new address. The link ends with it. */
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
  'Lives for minutes to hours. The changes that a token causes are audited in users and sessions.',
)

export type MailedToken = typeof mailedTokens.$inferSelect
