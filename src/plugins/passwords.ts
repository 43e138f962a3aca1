import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { hashPassword } from '../lib/passwords.js'

type Person = { email: string; firstName?: string; lastName?: string }

declare module 'fastify' {
  interface FastifyInstance {
    passwords: {
      /** Checks the policy, then hashes. Throws PasswordTooCommon. */
      hashNew: (password: string, person: Person) => Promise<string>
    }
  }
}

async function passwords(app: FastifyInstance) {
  app.decorate('passwords', { hashNew: (password) => hashPassword(password) })
}

export default fp(passwords, { name: 'passwords' })
