import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { createMailedToken, lockUser } from '../../src/db/queries/accounts/mailed-tokens.js'
import { deriveMailedToken, type MailedTokenPurpose } from '../../src/lib/auth/mailed-tokens.js'
import { testSigningKeys } from './app.js'

type Mailed = {
  userId: string
  email: string
  purpose: MailedTokenPurpose
  ttlSeconds?: number
  registrationId?: string
}

/** Creates a mailed token, without its mail, and returns it. */
export async function mailToken({ db }: FastifyInstance, { ttlSeconds = 60, userId, ...mailed }: Mailed) {
  const [key] = testSigningKeys
  if (!key) throw new Error('there is no signing key')
  const id = randomUUID()
  await db.transaction(async (tx) => {
    const user = await lockUser(tx, userId)
    if (!user) throw new Error('there is no such user')
    await createMailedToken(tx, key, { ...mailed, id, user, ttlSeconds })
  })
  return deriveMailedToken(key, id)
}
