import { pgEnum, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { MAILED_TOKEN_PURPOSES } from '../../lib/mailed-tokens.js'
import { notAudited } from '../audit/policy.js'
import { bytea, createdAt, id, moment } from './columns.js'
import { users } from './users.js'

export const mailedTokenPurpose = pgEnum('mailed_token_purpose', MAILED_TOKEN_PURPOSES)

/**
 * What a mailed link stands for. The token itself is nowhere: it is derived from the row when the mail is written, and
 * compared by its hash when it comes back. A newer row of the same purpose takes the place of the older one, and use
 * removes it.
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
  },
  (table) => [
    uniqueIndex('mailed_tokens_user_id_purpose_key').on(table.userId, table.purpose),
    uniqueIndex('mailed_tokens_token_hash_key').on(table.tokenHash),
  ],
)

notAudited(
  mailedTokens,
  'Lives for minutes to hours; what a token brings about is audited in users and sessions.',
)

export type MailedToken = typeof mailedTokens.$inferSelect
