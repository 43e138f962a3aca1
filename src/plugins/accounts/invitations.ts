import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { accountToOpen } from '../../db/queries/accounts/open-account.js'
import {
  acceptInvitation,
  findOpenInvitation,
  type Joined,
} from '../../db/queries/organizations/accept-invitation.js'
import { createInvitation, type NewInvitation } from '../../db/queries/organizations/invitations.js'
import type { Invitation } from '../../db/schema/invitations.js'
import type { OrganizationScope } from '../../db/tenancy/scopes.js'
import { knownCaller } from '../../lib/auth/passwords.js'
import type { SigningKey } from '../../lib/auth/signing-keys.js'
import { InvalidToken, InvitationForAnother } from '../../lib/errors/errors.js'
import type { NewAccount } from '../../lib/schema/user-schemas.js'

declare module 'fastify' {
  interface FastifyInstance {
    invitations: {
      /**
       * @throws {AlreadyMember} when the address belongs to a member
       * @throws {RateLimited} when the mailbox has got too many mails
       */
      create: (scope: OrganizationScope, invitation: NewInvitation) => Promise<Invitation>
      /**
       * Accepts the invitation of a mailed token, for the API and for the page.
       *
       * @throws {InvalidToken} when the token is unknown, expired, used or withdrawn
       * @throws {InvitationForAnother} when the caller is signed in with another account
       * @throws {AccountDisabled} when the account of the address is disabled
       * @throws {EmailTaken} when a password or a name is given, but the address has an active account
       * @throws {MissingFields} when the address has no active account, and a password or name is missing
       * @throws {PasswordTooCommon} when the password is easy to guess or was found in a breach
       */
      accept: (acceptance: Acceptance) => Promise<Joined>
    }
  }
}

/** `callerId` is the signed-in user, if any; `ip` is the client's address. */
type Acceptance = { token: string; ip: string; account: Partial<NewAccount>; callerId?: string | undefined }

type InvitationOptions = { signingKey: SigningKey; ttlSeconds: number }

async function invitations(app: FastifyInstance, { signingKey, ttlSeconds }: InvitationOptions) {
  const { db, passwords, revocationList } = app

  app.decorate('invitations', {
    create: (scope, invitation) => createInvitation(scope, { signingKey, ttlSeconds }, invitation),
    accept: async ({ token, ip, account: given, callerId }) => {
      const open = await findOpenInvitation(db, { token })
      if (!open) throw new InvalidToken()
      const { account, invitation } = open
      if (callerId !== undefined && callerId !== account?.id) throw new InvitationForAnother()
      // Before the password is hashed, which is expensive.
      const toOpen = accountToOpen(account?.status, given)
      const newAccount = toOpen && (await hash(toOpen, invitation.email))
      const joined = await acceptInvitation(db, { token, ip }, newAccount)
      await revocationList.settle()
      return joined
    },
  })

  async function hash({ password, ...names }: NewAccount, email: string) {
    return {
      ...names,
      passwordHash: await passwords.hashNew(password, { ...names, email }, knownCaller(email)),
    }
  }
}

export default fp(invitations, { name: 'invitations', dependencies: ['db', 'passwords', 'revocation-list'] })
