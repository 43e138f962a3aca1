import { randomUUID } from 'node:crypto'
import { and, eq, gt, sql } from 'drizzle-orm'
import { InvalidToken } from '../../lib/errors.js'
import { deriveMailedToken, type MailedTokenPurpose } from '../../lib/mailed-tokens.js'
import type { SigningKey } from '../../lib/signing-keys.js'
import { hashToken } from '../../lib/tokens.js'
import type { Db, Tx } from '../client.js'
import { type MailedToken, mailedTokens } from '../schema/mailed-tokens.js'

type NewMailedToken = { userId: string; purpose: MailedTokenPurpose; email: string; ttlSeconds: number }

/** Makes the user's older token of this purpose void. Answers the id, which is all that the job of the mail needs. */
export async function createMailedToken(tx: Tx, key: SigningKey, token: NewMailedToken): Promise<string> {
  const { userId, purpose, email, ttlSeconds } = token
  // No UUIDv7: the token's hash has to be known before the row is written.
  const id = randomUUID()
  const row = {
    id,
    email,
    tokenHash: hashToken(deriveMailedToken(key, id)),
    keyId: key.kid,
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + ttlSeconds * 1000),
  }
  await tx
    .insert(mailedTokens)
    .values({ ...row, userId, purpose })
    .onConflictDoUpdate({ target: [mailedTokens.userId, mailedTokens.purpose], set: row })
  return id
}

/** What a link leads to; undefined for every token that will not be accepted. Changes nothing: mail scanners open links. */
export async function findMailedToken(
  db: Db,
  purpose: MailedTokenPurpose,
  token: string,
): Promise<MailedToken | undefined> {
  const [row] = await db.select().from(mailedTokens).where(isLive(purpose, token))
  return row
}

/** Uses a token up: of several tries at once one succeeds. Throws InvalidToken. */
export async function spendMailedToken(
  tx: Tx,
  purpose: MailedTokenPurpose,
  token: string,
): Promise<MailedToken> {
  const [row] = await tx.delete(mailedTokens).where(isLive(purpose, token)).returning()
  if (!row) throw new InvalidToken()
  return row
}

/** Links of the time before a new password or a new address open nothing any more. */
export async function voidMailedTokens(tx: Tx, userId: string): Promise<void> {
  await tx.delete(mailedTokens).where(eq(mailedTokens.userId, userId))
}

export async function findMailedTokenById(db: Db, id: string): Promise<MailedToken | undefined> {
  const [row] = await db.select().from(mailedTokens).where(eq(mailedTokens.id, id))
  return row
}

const isLive = (purpose: MailedTokenPurpose, token: string) =>
  and(
    eq(mailedTokens.tokenHash, hashToken(token)),
    eq(mailedTokens.purpose, purpose),
    gt(mailedTokens.expiresAt, sql`now()`),
  )
