import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { findResetOwner, resetPassword } from '../../db/queries/accounts/credentials.js'
import { knownCaller } from '../../lib/auth/passwords.js'
import { InvalidToken } from '../../lib/errors/errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Sets a password with a mailed token, for the API and for the page, and ends every session of the
     * account. `ip` is the address of the caller.
     *
     * @throws {InvalidToken} when the token is unknown, expired, used or void
     * @throws {PasswordTooCommon} when the password is easy to guess or was found in a breach
     */
    resetPassword: (token: string, password: string, ip: string) => Promise<void>
  }
}

async function passwordReset(app: FastifyInstance) {
  const { db, passwords, revocationList } = app

  app.decorate('resetPassword', async (token, password, ip) => {
    // Before the password is hashed, which is expensive.
    const owner = await findResetOwner(db, token)
    if (!owner) throw new InvalidToken()
    const passwordHash = await passwords.hashNew(password, owner, knownCaller(owner.id))
    await resetPassword(db, token, passwordHash, ip)
    await revocationList.settle()
  })
}

export default fp(passwordReset, {
  name: 'password-reset',
  dependencies: ['db', 'passwords', 'revocation-list'],
})
