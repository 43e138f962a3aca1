import { and, eq, isNull, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import type { OrganizationRole } from '../../../lib/auth/roles.js'
import { hashToken } from '../../../lib/auth/tokens.js'
import { InvalidToken } from '../../../lib/errors/errors.js'
import type { Db, Tx } from '../../driver/client.js'
import { type Invitation, invitations } from '../../schema/invitations.js'
import { memberships } from '../../schema/memberships.js'
import { type Organization, organizations } from '../../schema/organizations.js'
import { type User, users } from '../../schema/users.js'
import { acrossOrganizations, narrowTo, type OrganizationScope } from '../../tenancy/scopes.js'
import { getActiveAccount, type HashedAccount, openAccount } from '../accounts/open-account.js'
import { admitByMailbox } from '../accounts/sign-in-throttle.js'
import { isLive } from './invitations.js'

export type OpenInvitation = {
  invitation: Invitation
  organization: Organization
  inviter: User
  /** Whose address it is, in whatever state; null where nobody has registered it. */
  account: User | null
}

export type Joined = { organization: Organization & { role: OrganizationRole }; role: OrganizationRole }

const account = alias(users, 'account')
const inviter = alias(users, 'inviter')

/** Undefined for every invitation that cannot be accepted. Changes nothing: mail scanners open links. */
export const findOpenInvitation = (
  db: Db,
  by: { id: string } | { token: string },
): Promise<OpenInvitation | undefined> =>
  acrossOrganizations(db, async ({ tx }) => {
    const [found] = await tx
      .select({ invitation: invitations, organization: organizations, inviter, account })
      .from(invitations)
      .innerJoin(organizations, eq(organizations.id, invitations.organizationId))
      .innerJoin(inviter, eq(inviter.id, invitations.invitedBy))
      .leftJoin(account, eq(account.email, invitations.email))
      .where(
        and(
          'id' in by ? eq(invitations.id, by.id) : isOfToken(by.token),
          isLive,
          isNull(organizations.deletedAt),
        ),
      )
    return found
  })

const isOfToken = (token: string) => eq(invitations.tokenHash, hashToken(token))

/**
 * Uses an invitation up, and makes whoever has the address a member: of several tries at once one succeeds. The token has
 * proved the mailbox, so it also opens an account there; `ip` is the caller's. Who is a member already stays what he is.
 * @throws InvalidToken, and as `accountToOpen` does where the account has changed since
 */
export const acceptInvitation = (
  db: Db,
  { token, ip }: { token: string; ip: string },
  newAccount: HashedAccount | undefined,
): Promise<Joined> =>
  acrossOrganizations(db, async (platform) => {
    const { email, organizationId, role } = await consumeInvitation(platform.tx, token)
    const userId = newAccount
      ? await openAccount(platform.tx, email, newAccount)
      : await getActiveAccount(platform.tx, email)
    await admitByMailbox(platform.tx, email, ip)
    const scope = await narrowTo(platform, organizationId)
    await scope.tx
      .insert(memberships)
      .values({ organizationId, userId, role })
      .onConflictDoNothing({ target: [memberships.organizationId, memberships.userId] })
    recordSecurityEvent('invitation_accepted', userId)
    return getJoined(scope, userId)
  })

/**
 * Locks in the order of all who write in an organization, before it looks whether the inviter may still invite: an
 * invitation is not accepted after the demotion of its inviter was answered.
 */
async function consumeInvitation(tx: Tx, token: string): Promise<Invitation> {
  const [found] = await tx.select().from(invitations).where(isOfToken(token))
  if (!found?.invitedBy) throw new InvalidToken()
  const { organizationId, invitedBy } = found
  const ofInviter = and(eq(memberships.organizationId, organizationId), eq(memberships.userId, invitedBy))
  const [, present] = await Promise.all([
    tx.execute(sql`select from ${users} where ${users.id} = ${invitedBy} for share`),
    tx.execute(sql`
      select from ${organizations}
      where ${organizations.id} = ${organizationId} and ${organizations.deletedAt} is null for key share`),
    tx.execute(sql`select from ${memberships} where ${ofInviter} for share`),
  ])
  if (present.count === 0) throw new InvalidToken()
  const [spent] = await tx
    .delete(invitations)
    .where(and(isOfToken(token), isLive))
    .returning()
  if (!spent) throw new InvalidToken()
  return spent
}

async function getJoined({ tx, organizationId }: OrganizationScope, userId: string): Promise<Joined> {
  const [joined] = await tx
    .select({ organization: organizations, role: memberships.role })
    .from(organizations)
    .innerJoin(memberships, eq(memberships.organizationId, organizations.id))
    .where(and(eq(organizations.id, organizationId), eq(memberships.userId, userId)))
  const { organization, role } = joined as { organization: Organization; role: OrganizationRole }
  return { organization: { ...organization, role }, role }
}
