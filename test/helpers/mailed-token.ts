import type { FastifyInstance } from 'fastify'
import { createMailedToken } from '../../src/db/queries/mailed-tokens.js'
import { deriveMailedToken, type MailedTokenPurpose } from '../../src/lib/mailed-tokens.js'
import { testSigningKeys } from './app.js'

type Mailed = { userId: string; email: string; purpose: MailedTokenPurpose; ttlSeconds?: number }

/** The token of a link that would have been mailed. */
export async function mailToken({ db }: FastifyInstance, { ttlSeconds = 60, ...mailed }: Mailed) {
  const [key] = testSigningKeys
  if (!key) throw new Error('there is no signing key')
  const id = await db.transaction((tx) => createMailedToken(tx, key, { ...mailed, ttlSeconds }))
  return deriveMailedToken(key, id)
}
