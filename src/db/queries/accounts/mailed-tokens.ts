import { and, eq, gt, type SQL, sql } from 'drizzle-orm'
import { deriveMailedToken, type MailedTokenPurpose } from '../../../lib/auth/mailed-tokens.js'
import { hashToken } from '../../../lib/auth/opaque-tokens.js'
import type { SigningKey } from '../../../lib/auth/signing-keys.js'
import { InvalidToken } from '../../../lib/errors/errors.js'
import type { Db, Tx } from '../../driver/client.js'
import { type MailedToken, mailedTokens } from '../../schema/mailed-tokens.js'
import { registrations } from '../../schema/registrations.js'
import { sessions } from '../../schema/sessions.js'
import { type User, users } from '../../schema/users.js'

export type NewMailedToken = {
  id: string
  /** The user when the link was requested. The link is void after a change of the security version. */
  user: Pick<User, 'id' | 'securityVersion'>
  purpose: MailedTokenPurpose
  /** The mailbox that the link goes to. */
  email: string
  ttlSeconds: number
  /** The registration that the link confirms. Default: none. */
  registrationId?: string
  /** The session that requested a new address, and whose end voids the link. Default: none. */
  sessionId?: string
}

/** With this many fresh links for the same purpose, a mailbox gets no further one. */
export const MAX_FRESH_LINKS = 5

/**
 * The number of equivalent links with more than half of their lifetime left. Locks the user, which
 * serializes concurrent requests of links.
 */
export async function countFreshLinks(
  tx: Tx,
  { user, ...token }: Omit<NewMailedToken, 'id'>,
): Promise<number> {
  await lockUser(tx, user.id)
  const kind = { ...token, userId: user.id, securityVersion: user.securityVersion }
  return tx.$count(mailedTokens, isFresh(kind))
}

/** Stores a token. Older tokens stay valid. The job of the mail derives the link from the id. */
export async function createMailedToken(
  tx: Tx,
  key: SigningKey,
  { user, ttlSeconds, ...token }: NewMailedToken,
): Promise<void> {
  await tx.insert(mailedTokens).values({
    ...token,
    userId: user.id,
    securityVersion: user.securityVersion,
    tokenHash: hashToken(deriveMailedToken(key, token.id)),
    keyId: key.kid,
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + ttlSeconds * 1000),
  })
}

/** Undefined if the token would not be accepted. Reads only, because mail scanners open links. */
export async function findMailedToken(
  db: Db,
  purpose: MailedTokenPurpose,
  token: string,
): Promise<MailedToken | undefined> {
  const [row] = await db
    .select()
    .from(mailedTokens)
    .where(and(matchesToken(purpose, token), isLive))
  return row
}

/**
 * Consumes a token, and all others of the account for this purpose. Of concurrent calls one succeeds.
 * Checks that the account has not changed, and locks account and session until the transaction ends.
 * @throws {InvalidToken} when the token is unknown, expired, used or void
 */
export async function consumeMailedToken(
  tx: Tx,
  purpose: MailedTokenPurpose,
  token: string,
): Promise<{ link: MailedToken; user: User }> {
  const [found] = await tx.select().from(mailedTokens).where(matchesToken(purpose, token))
  const user = found && (await lockUser(tx, found.userId))
  if (!user) throw new InvalidToken()
  if (found.sessionId) await isSessionLive(tx, found.sessionId)
  const [link] = await tx
    .delete(mailedTokens)
    .where(and(matchesToken(purpose, token), isLive))
    .returning()
  if (!link) throw new InvalidToken()
  await tx
    .delete(mailedTokens)
    .where(and(eq(mailedTokens.userId, user.id), eq(mailedTokens.purpose, purpose)))
  return { link, user }
}

/**
 * The link for its mail, with the first name of its registration, or else of the user. Undefined if the
 * link is no longer valid.
 */
export async function findLinkToMail(
  db: Db,
  id: string,
): Promise<{ link: MailedToken; firstName: string } | undefined> {
  const [row] = await db
    .select({
      link: mailedTokens,
      firstName: sql<string>`coalesce(${registrations.firstName}, ${users.firstName})`,
    })
    .from(mailedTokens)
    .innerJoin(users, eq(users.id, mailedTokens.userId))
    .leftJoin(registrations, eq(registrations.id, mailedTokens.registrationId))
    .where(and(eq(mailedTokens.id, id), isLive))
  return row
}

/** Blocks changes of the user until the transaction ends. Undefined if there is no such user. */
export async function lockUser(tx: Tx, id: string): Promise<User | undefined> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('no key update')
  return user
}

/**
 * Returns true if the session has not been ended; it may have expired. Blocks its end until the
 * transaction ends.
 */
export async function isSessionLive(tx: Tx, id: string): Promise<boolean> {
  const [session] = await tx
    .select({ endedAt: sessions.endedAt })
    .from(sessions)
    .where(eq(sessions.id, id))
    .for('share')
  return session?.endedAt === null
}

const matchesToken = (purpose: MailedTokenPurpose, token: string): SQL | undefined =>
  and(eq(mailedTokens.tokenHash, hashToken(token)), eq(mailedTokens.purpose, purpose))

/** The account has not changed, a reset link is for its current address, and the session has not been ended. */
const isAccountUnchanged = sql`exists (select from ${users} where ${users.id} = ${mailedTokens.userId}
    and ${users.securityVersion} = ${mailedTokens.securityVersion}
    and (${users.email} = ${mailedTokens.email} or ${mailedTokens.purpose} <> 'reset_password'))
  and (${mailedTokens.sessionId} is null or exists (select from ${sessions}
    where ${sessions.id} = ${mailedTokens.sessionId} and ${sessions.endedAt} is null))`

const isLive = and(gt(mailedTokens.expiresAt, sql`now()`), isAccountUnchanged)

type Kind = Pick<MailedToken, 'userId' | 'purpose' | 'email' | 'securityVersion'> &
  Pick<NewMailedToken, 'registrationId' | 'sessionId'>

/** The condition for links with the same effect and more than half of their lifetime left. */
const isFresh = ({ registrationId = '', sessionId = '', ...kind }: Kind): SQL | undefined =>
  and(
    eq(mailedTokens.userId, kind.userId),
    eq(mailedTokens.purpose, kind.purpose),
    eq(mailedTokens.email, kind.email),
    eq(mailedTokens.securityVersion, kind.securityVersion),
    sql`coalesce(${mailedTokens.registrationId}::text, '') = ${registrationId}`,
    sql`coalesce(${mailedTokens.sessionId}::text, '') = ${sessionId}`,
    sql`${mailedTokens.expiresAt} - now() > (${mailedTokens.expiresAt} - ${mailedTokens.createdAt}) / 2`,
  )
