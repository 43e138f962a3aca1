import { sql } from 'drizzle-orm'
import { index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { audited, notAudited } from '../declarations/audited.js'
import { bytea, createdAt, id, moment } from './columns.js'
import { userRole, users } from './users.js'

/**
 * One sign-in on one device. Access tokens carry its id, and refresh tokens belong to it. A session of
 * the dashboard has a cookie instead.
 */
export const sessions = pgTable(
  'sessions',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    lastUsedAt: moment('last_used_at').notNull().defaultNow(),
    expiresAt: moment('expires_at').notNull(),
    endedAt: moment('ended_at'),
    ip: text('ip'),
    userAgent: text('user_agent'),
    /** The hash of a dashboard session's cookie. Null for sessions with refresh tokens. */
    cookieHash: bytea('cookie_hash'),
  },
  (table) => [
    index('sessions_user_id_idx').on(table.userId),
    uniqueIndex('sessions_cookie_hash_key').on(table.cookieHash).where(sql`cookie_hash is not null`),
    index('sessions_over_at_idx').on(sql`least(${table.endedAt}, ${table.expiresAt})`),
  ],
)

audited(sessions, { ignore: ['lastUsedAt'], personal: ['ip', 'userAgent'], subject: 'userId' })

export type Session = typeof sessions.$inferSelect

/** The refresh tokens of a session. A refresh spends one token and adds its successor. */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    id: id(),
    sessionId: uuid('session_id')
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    tokenHash: bytea('token_hash').notNull(),
    createdAt: createdAt(),
    expiresAt: moment('expires_at').notNull(),
    /** When the token was exchanged. Null for the current token of the session. */
    spentAt: moment('spent_at'),
    /** Derives the successor again, together with the spent token. Useless alone. */
    successorSeed: bytea('successor_seed'),
  },
  (table) => [
    uniqueIndex('refresh_tokens_token_hash_key').on(table.tokenHash),
    index('refresh_tokens_session_id_idx').on(table.sessionId),
    index('refresh_tokens_expires_at_idx').on(table.expiresAt),
  ],
)

notAudited(
  refreshTokens,
  'Start and end of a session are audited in sessions. Tokens change with every refresh.',
)

/**
 * Access tokens that are revoked before they expire. Triggers on `sessions` and `users` write it, so
 * every way to end a session is covered. If `role` is null, `subjectId` is a session, and all of its
 * tokens are revoked. Otherwise `subjectId` is a user, and only tokens with this role are valid.
 */
export const accessRevocations = pgTable(
  'access_revocations',
  {
    subjectId: uuid('subject_id').primaryKey(),
    role: userRole('role'),
    revokedAt: moment('revoked_at').notNull().defaultNow(),
  },
  (table) => [index('access_revocations_revoked_at_idx').on(table.revokedAt)],
)

notAudited(accessRevocations, 'Written by triggers from changes of sessions and users, which are audited.')
