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

/** `email` must be normalised. */
export type NewRegistration = { email: string } & Claim

/** Per address. The mail about a further one has a link that asks for the password instead. */
export const MAX_REGISTRATIONS = 3

/**
 * Registers an address. Runs the same statements for known and unknown addresses, and only the mail
 * differs. Each registration keeps its own password and names until its own link confirms them, so
 * none can change another. An account that an administrator created stays as it is: its owner sets
 * the password with the link that was sent then.
 */
export const register = (db: Db, registration: NewRegistration): Promise<void> =>
  db.transaction(async (tx) => {
    const registrationId = await addRegistration(tx, registration)
    await enqueue(tx, 'confirm-registration', {
      email: registration.email,
      ...(registrationId && { registrationId }),
    })
  })

/**
 * Returns the id of the registration. Undefined if the account is active or disabled, was created by an
 * administrator, or has MAX_REGISTRATIONS already.
 */
export async function addRegistration(tx: Tx, registration: NewRegistration): Promise<string | undefined> {
  const { email, ...claim } = registration
  const { passwordHash, ...person } = claim
  const opened = await tx
    .insert(users)
    .values({ email, ...person, status: 'pending' })
    .onConflictDoNothing({ target: users.email })
    .returning({ id: users.id })
  // Serializes registrations of one address, so that the count is right.
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

/** The columns and values of a claim, because drizzle cannot build this INSERT. */
function columnsOf(claim: Claim) {
  const columns = getTableColumns(registrations)
  const fields = Object.keys(claim) as (keyof Claim)[]
  return {
    names: fields.map((field) => sql.identifier(columns[field].name)),
    values: fields.map((field) => sql.param(claim[field], columns[field])),
  }
}

/** True if the account is only registered and not confirmed. False if an administrator created it. */
export const isUnconfirmed = async (db: Db, { id, status }: User): Promise<boolean> =>
  status === 'pending' && (await listRegistrations(db, id)).length > 0

/** The unconfirmed registrations of a user, in no particular order. */
export const listRegistrations = (db: Db, userId: string): Promise<Registration[]> =>
  db.select().from(registrations).where(eq(registrations.userId, userId))

/**
 * Consumes the link of a mail, which proves the mailbox. Activates a new account with the password and
 * names of its registration, or moves an existing account to its new address and notifies the old one.
 * `ip` is the caller's.
 * @throws {InvalidToken} when the token is unknown, expired, used or void
 * @throws {EmailTaken} when another account got the new address meanwhile
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
  // This user proved the mailbox, and an unconfirmed registration of it did not.
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
