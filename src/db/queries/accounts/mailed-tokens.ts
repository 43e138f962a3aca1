import { and, eq, gt, type SQL, sql } from 'drizzle-orm'
import { deriveMailedToken, type MailedTokenPurpose } from '../../../lib/auth/mailed-tokens.js'
import type { SigningKey } from '../../../lib/auth/signing-keys.js'
import { hashToken } from '../../../lib/auth/tokens.js'
import { InvalidToken } from '../../../lib/errors/errors.js'
import type { Db, Tx } from '../../driver/client.js'
import { type MailedToken, mailedTokens } from '../../schema/mailed-tokens.js'
import { registrations } from '../../schema/registrations.js'
import { sessions } from '../../schema/sessions.js'
import { type User, users } from '../../schema/users.js'

/** `user` is as it was when the link was asked for: the link is void once the account has changed since. */
export type NewMailedToken = {
  id: string
  user: Pick<User, 'id' | 'securityVersion'>
  purpose: MailedTokenPurpose
  email: string
  ttlSeconds: number
  registrationId?: string
  sessionId?: string
}

/** So many links that are good for at least half of their time lie in a mailbox before it is sent no other. */
export const MAX_FRESH_LINKS = 5

/**
 * How many links that open the same are good for at least half of their time. Links of one account that are asked for at once
 * take turns from here on.
 */
export async function countFreshLinks(
  tx: Tx,
  { user, ...token }: Omit<NewMailedToken, 'id'>,
): Promise<number> {
  await lockUser(tx, user.id)
  const kind = { ...token, userId: user.id, securityVersion: user.securityVersion }
  return tx.$count(mailedTokens, isFreshOf(kind))
}

/** Voids no older token. The id is all that the job of the mail needs. */
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

/** What a link leads to; undefined for every token that will not be accepted. Changes nothing: mail scanners open links. */
export async function findMailedToken(
  db: Db,
  purpose: MailedTokenPurpose,
  token: string,
): Promise<MailedToken | undefined> {
  const [row] = await db
    .select()
    .from(mailedTokens)
    .where(and(isOf(purpose, token), isLive))
  return row
}

/**
 * Uses a token up, and with it all others of the account for this purpose: of several tries at once one succeeds. Whether the
 * account still is as it was is decided here, with the account and the session locked until the transaction ends.
 * @throws InvalidToken
 */
export async function consumeMailedToken(
  tx: Tx,
  purpose: MailedTokenPurpose,
  token: string,
): Promise<{ link: MailedToken; user: User }> {
  const [found] = await tx.select().from(mailedTokens).where(isOf(purpose, token))
  const user = found && (await lockUser(tx, found.userId))
  if (!user) throw new InvalidToken()
  if (found.sessionId) await isSessionLive(tx, found.sessionId)
  const [link] = await tx
    .delete(mailedTokens)
    .where(and(isOf(purpose, token), isLive))
    .returning()
  if (!link) throw new InvalidToken()
  await tx
    .delete(mailedTokens)
    .where(and(eq(mailedTokens.userId, user.id), eq(mailedTokens.purpose, purpose)))
  return { link, user }
}

/** For the mail with the link, which greets by the names that came with it. Undefined once it would open nothing. */
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

/** Holds off every change of the account until the transaction ends. */
export async function lockUser(tx: Tx, id: string): Promise<User | undefined> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('no key update')
  return user
}

/** Whether the session has not been ended, by whatever way; holds off its end until the transaction ends. */
export async function isSessionLive(tx: Tx, id: string): Promise<boolean> {
  const [session] = await tx
    .select({ endedAt: sessions.endedAt })
    .from(sessions)
    .where(eq(sessions.id, id))
    .for('share')
  return session?.endedAt === null
}

const isOf = (purpose: MailedTokenPurpose, token: string): SQL | undefined =>
  and(eq(mailedTokens.tokenHash, hashToken(token)), eq(mailedTokens.purpose, purpose))

/** The account is as it was, a reset goes to its present address, and the session that asked has not been ended. */
const isBacked = sql`exists (select from ${users} where ${users.id} = ${mailedTokens.userId}
    and ${users.securityVersion} = ${mailedTokens.securityVersion}
    and (${users.email} = ${mailedTokens.email} or ${mailedTokens.purpose} <> 'reset_password'))
  and (${mailedTokens.sessionId} is null or exists (select from ${sessions}
    where ${sessions.id} = ${mailedTokens.sessionId} and ${sessions.endedAt} is null))`

const isLive = and(gt(mailedTokens.expiresAt, sql`now()`), isBacked)

type Kind = Pick<MailedToken, 'userId' | 'purpose' | 'email' | 'securityVersion'> &
  Pick<NewMailedToken, 'registrationId' | 'sessionId'>

/** Those that open the same. */
const isFreshOf = ({ registrationId = '', sessionId = '', ...kind }: Kind): SQL | undefined =>
  and(
    eq(mailedTokens.userId, kind.userId),
    eq(mailedTokens.purpose, kind.purpose),
    eq(mailedTokens.email, kind.email),
    eq(mailedTokens.securityVersion, kind.securityVersion),
    sql`coalesce(${mailedTokens.registrationId}::text, '') = ${registrationId}`,
    sql`coalesce(${mailedTokens.sessionId}::text, '') = ${sessionId}`,
    sql`${mailedTokens.expiresAt} - now() > (${mailedTokens.expiresAt} - ${mailedTokens.createdAt}) / 2`,
  )
