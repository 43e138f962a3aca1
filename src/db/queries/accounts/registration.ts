import { and, eq, exists, getTableColumns, sql } from 'drizzle-orm'
import type { Static } from 'typebox'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { EmailTaken } from '../../../lib/errors/errors.js'
import type { RegisterUser } from '../../../lib/schema/user-schemas.js'
import type { Db, Tx } from '../../driver/client.js'
import { isUniqueViolation } from '../../driver/errors.js'
import type { StoredIn } from '../../schema/columns.js'
import type { MailedToken } from '../../schema/mailed-tokens.js'
import { type Registration, registrations } from '../../schema/registrations.js'
import { type User, users } from '../../schema/users.js'
import { enqueue, enqueueNotice } from '../jobs/outbox.js'
import { consumeMailedToken } from './mailed-tokens.js'
import { admitByMailbox } from './sign-in-throttle.js'

type Claim = { passwordHash: string } & StoredIn<
  typeof registrations,
  Omit<Static<typeof RegisterUser>, 'email' | 'password'>
>

export type NewRegistration = { email: string } & Claim

/** Of one address at once. The mail about any further one has a link that asks for the password instead. */
export const MAX_REGISTRATIONS = 3

/**
 * Registers an address, known or not: the same statements run either way, and the mail tells its owner the rest. Each
 * registration keeps its own password and names until its own link confirms them: none changes what another one meant.
 * An account that an administrator prepared is not touched: its owner sets the password by the link that was sent.
 */
export const register = (db: Db, registration: NewRegistration): Promise<void> =>
  db.transaction(async (tx) => {
    const registrationId = await addRegistration(tx, registration)
    await enqueue(tx, 'confirm-registration', {
      email: registration.email,
      ...(registrationId && { registrationId }),
    })
  })

/** Returns its id; undefined for accounts that are in use or prepared, and where there are enough registrations. */
export async function addRegistration(tx: Tx, registration: NewRegistration): Promise<string | undefined> {
  const { email, ...claim } = registration
  const { passwordHash, ...person } = claim
  const opened = await tx
    .insert(users)
    .values({ email, ...person, status: 'pending' })
    .onConflictDoNothing({ target: users.email })
    .returning({ id: users.id })
  // Several registrations of one address take turns, or they would not be counted.
  await tx.execute(sql`select from ${users} where ${users.email} = ${email} for no key update`)
  const isFirst = opened.length > 0
  const others = sql`(select count(*) from ${registrations} where ${registrations.userId} = ${users.id})`
  const { names, values } = columnsOf(claim)
  const [added] = await tx.execute<{ id: string }>(sql`
    insert into ${registrations} (user_id, ${sql.join(names, comma)})
    select ${users.id}, ${sql.join(values, comma)} from ${users}
    where ${users.email} = ${email} and ${users.status} = 'pending'
      and (${isFirst} or ${others} between 1 and ${MAX_REGISTRATIONS - 1})
    returning id`)
  return added?.id
}

const comma = sql`, `

/** Of a claim as it came: this statement is not one that drizzle can write. */
function columnsOf(claim: Claim) {
  const columns = getTableColumns(registrations)
  const fields = Object.keys(claim) as (keyof Claim)[]
  return {
    names: fields.map((field) => sql.identifier(columns[field].name)),
    values: fields.map((field) => sql.param(claim[field], columns[field])),
  }
}

/** Whether the account is no more than a claim: registered, and confirmed by no mailbox. One that an administrator prepared is more. */
export const isUnconfirmed = async (db: Db, { id, status }: User): Promise<boolean> =>
  status === 'pending' && (await listRegistrations(db, id)).length > 0

export const listRegistrations = (db: Db, userId: string): Promise<Registration[]> =>
  db.select().from(registrations).where(eq(registrations.userId, userId))

/**
 * What the link in a mail proves: that the mailbox belongs to the account. Activates a new account with what came with its
 * registration, or moves an existing one to its new address and tells the old one. `ip` is the caller's.
 * @throws InvalidToken, and EmailTaken when somebody else got the new address meanwhile
 */
export const verifyEmail = (db: Db, token: string, ip: string): Promise<void> =>
  db.transaction(async (tx) => {
    const { link, user } = await consumeMailedToken(tx, 'verify_email', token)
    if (link.email === user.email) await confirmAddress(tx, user, link)
    else await moveAccount(tx, user, link.email)
    await admitByMailbox(tx, link.email, ip)
  })

async function confirmAddress(tx: Tx, { id, status }: User, { registrationId }: MailedToken): Promise<void> {
  recordSecurityEvent('email_confirmed', id)
  const { id: _id, userId, createdAt, ...claimed } = getTableColumns(registrations)
  const [claim] = registrationId
    ? await tx.select(claimed).from(registrations).where(eq(registrations.id, registrationId))
    : []
  await tx
    .update(users)
    .set({ ...claim, emailVerifiedAt: new Date(), ...(status === 'pending' && { status: 'active' }) })
    .where(eq(users.id, id))
}

async function moveAccount(tx: Tx, { id, email: oldEmail }: User, email: string): Promise<void> {
  recordSecurityEvent('email_changed', id)
  // The mailbox has just been proved, which no registration of it has done.
  await tx.delete(users).where(and(eq(users.email, email), isClaimOnly(tx)))
  await tx
    .update(users)
    .set({ email, emailVerifiedAt: new Date() })
    .where(eq(users.id, id))
    .catch(explainTaken)
  await enqueueNotice(tx, 'email-changed', { id, email: oldEmail }, oldEmail)
}

const isClaimOnly = (db: Db) =>
  and(
    eq(users.status, 'pending'),
    exists(db.select().from(registrations).where(eq(registrations.userId, users.id))),
  )

function explainTaken(error: unknown): never {
  throw isUniqueViolation(error, 'users_email_key') ? new EmailTaken() : error
}
