import { index, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import postgres from 'postgres'
import { findAuditProblems, syncAuditTriggers } from '../../src/db/audit/triggers.js'
import { audited } from '../../src/db/declarations/audited.js'
import { createdAt, id, moment, updatedAt } from '../../src/db/schema/columns.js'
import { userRole, userStatus } from '../../src/db/schema/users.js'
import { type BenchDatabase, roleOf } from './database.js'

/** A table with the columns of `users`. */
const usersNamed = (name: string) =>
  pgTable(
    name,
    {
      id: id(),
      email: text('email').notNull(),
      passwordHash: text('password_hash'),
      firstName: text('first_name').notNull(),
      lastName: text('last_name').notNull(),
      role: userRole('role').notNull().default('user'),
      status: userStatus('status').notNull().default('pending'),
      emailVerifiedAt: moment('email_verified_at'),
      createdAt: createdAt(),
      updatedAt: updatedAt(),
    },
    (table) => [uniqueIndex().on(table.email), index().on(table.createdAt, table.id)],
  )

export type Users = ReturnType<typeof usersNamed>

export const plainUsers = usersNamed('plain_users')
export const auditedUsers = usersNamed('audited_users')
export const wrappedUsers = usersNamed('wrapped_users')
export const plainBulk = usersNamed('plain_bulk')
export const auditedBulk = usersNamed('audited_bulk')
const all = [plainUsers, auditedUsers, wrappedUsers, plainBulk, auditedBulk]
const names = ['plain_users', 'audited_users', 'wrapped_users', 'plain_bulk', 'audited_bulk']

audited(auditedUsers)
audited(auditedBulk)

/** The entries of the wrapper, with the columns and indexes of the audit log. */
export const wrapperEntries = pgTable('wrapper_entries', {
  id: id(),
  createdAt: moment('created_at').notNull(),
  actor: text('actor').notNull(),
  userId: uuid('user_id'),
  requestId: text('request_id'),
  tableName: text('table_name').notNull(),
  objectId: text('object_id').notNull(),
  action: text('action').notNull(),
  stateBefore: jsonb('state_before'),
  stateAfter: jsonb('state_after'),
  method: text('method'),
  url: text('url'),
  headers: jsonb('headers'),
  body: jsonb('body'),
  args: jsonb('args'),
  ip: text('ip'),
})

/** Enough for updates and deletes to always find a row. */
const ROWS_AT_START = 60_000

/** Returns the ids of the rows of each table. */
export async function createTables({ adminUrl, ownerUrl, appUrl }: BenchDatabase) {
  const owner = postgres(ownerUrl, { max: 1, onnotice: () => {} })
  for (const name of names) await owner`create table ${owner(name)} (like users including all)`
  await owner`create table wrapper_entries (like audit.audit_log including all)`
  await owner`alter table wrapper_entries alter column id set default uuid_v7()`
  const granted = [...names, 'wrapper_entries']
  await owner`grant select, insert, update, delete on ${owner(granted)} to ${owner(roleOf(appUrl))}`

  const ids = new Map<Users, string[]>()
  for (const [i, table] of all.slice(0, 3).entries()) {
    const rows = await owner<{ id: string }[]>`
      insert into ${owner(names[i] as string)} (email, password_hash, first_name, last_name)
      select 'user-' || n || '@example.com', repeat('x', 97), 'Ada', 'Lovelace'
      from generate_series(1, ${ROWS_AT_START}::int) as n returning id`
    ids.set(
      table,
      rows.map((row) => row.id),
    )
  }
  await syncAuditTriggers(owner)
  const problems = await findAuditProblems(owner)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  await owner.end()
  const admin = postgres(adminUrl, { max: 1 })
  await admin`vacuum analyze`
  await admin.end()
  return ids
}
