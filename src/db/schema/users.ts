import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { index, integer, pgEnum, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { USER_ROLES, USER_STATUSES } from '../../lib/auth/roles.js'
import { audited } from '../declarations/audited.js'
import { createdAt, id, moment, updatedAt } from './columns.js'

export const userRole = pgEnum('user_role', USER_ROLES)
export const userStatus = pgEnum('user_status', USER_STATUSES)

/** The parameters of a password hash, `$argon2id$v=19$m=19456,t=2,p=1`: its cost. */
export const hashingEffort = (passwordHash: SQLWrapper): SQL =>
  sql`substring(${passwordHash} from '^(?:[$][^$]*){3}')`

/** Accounts. A pending one is registered or created by an administrator, and has not proved its mailbox. */
export const users = pgTable(
  'users',
  {
    id: id(),
    /** Always normalised (`lib/email.ts`), because the unique index compares it as stored. */
    email: text('email').notNull(),
    /** Null until the owner of the mailbox has set or confirmed the first password. */
    passwordHash: text('password_hash'),
    firstName: text('first_name').notNull(),
    lastName: text('last_name').notNull(),
    role: userRole('role').notNull().default('user'),
    status: userStatus('status').notNull().default('pending'),
    emailVerifiedAt: moment('email_verified_at'),
    /**
     * A trigger increments it with every change of address, status or password, but not when the same
     * password is rehashed. A step that is allowed now and done later, such as a mailed link, carries
     * the version, and is refused when the account's is higher.
     */
    securityVersion: integer('security_version').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('users_email_key').on(table.email),
    index('users_created_at_idx').on(table.createdAt, table.id),
    index('users_hashing_effort_idx').on(hashingEffort(table.passwordHash)),
  ],
)

audited(users, { personal: ['email', 'firstName', 'lastName'], subject: 'id' })

export type User = typeof users.$inferSelect
