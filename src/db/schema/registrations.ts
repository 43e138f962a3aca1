import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { notAudited } from '../declarations/audited.js'
import { createdAt, id } from './columns.js'
import { users } from './users.js'

/**
 * Registrations that no mailbox has confirmed yet. The link in the mail activates the password and
 * names of its own registration only, because anyone can register any address. A trigger removes the
 * rows when the account changes.
 */
export const registrations = pgTable(
  'registrations',
  {
    id: id(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    passwordHash: text('password_hash').notNull(),
    firstName: text('first_name').notNull(),
    lastName: text('last_name').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('registrations_user_id_created_at_idx').on(table.userId, table.createdAt)],
)

notAudited(registrations, 'Unproven claims. The one that a mailbox confirms is audited in users.')

export type Registration = typeof registrations.$inferSelect
