import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { findResetOwner, resetPassword } from '../../db/queries/accounts/credentials.js'
import { provenCaller } from '../../lib/auth/hashing-callers.js'
import { InvalidToken } from '../../lib/errors/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * By a mailed link, over the API or on the page; `ip` is the caller's. Ends every session.
     * Throws InvalidToken and PasswordTooCommon.
     */
    resetPassword: (token: string, password: string, ip: string) => Promise<void>
  }
}

async function passwordReset(app: FastifyInstance) {
  const { db, passwords, revocationList } = app

  app.decorate('resetPassword', async (token, password, ip) => {
    // Before the password is hashed: a wrong token is not worth that work.
    const owner = await findResetOwner(db, token)
    if (!owner) throw new InvalidToken()
    const passwordHash = await passwords.hashNew(password, owner, provenCaller(owner.id))
    await resetPassword(db, token, passwordHash, ip)
    await revocationList.settle()
  })
}

export default fp(passwordReset, {
  name: 'password-reset',
  dependencies: ['db', 'passwords', 'revocation-list'],
})
