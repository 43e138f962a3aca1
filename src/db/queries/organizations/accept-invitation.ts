import { and, eq, isNull, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { hashToken } from '../../../lib/auth/opaque-tokens.js'
import type { OrganizationRole } from '../../../lib/auth/roles.js'
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

/** An invitation that can be accepted. */
export type OpenInvitation = {
  invitation: Invitation
  organization: Organization
  inviter: User
  /** The account with the invited address, in any state. Null if there is none. */
  account: User | null
}

/** The organization of an accepted invitation, with the role of the new or existing membership. */
export type Joined = { organization: Organization & { role: OrganizationRole }; role: OrganizationRole }

const account = alias(users, 'account')
const inviter = alias(users, 'inviter')

/** Undefined if the invitation cannot be accepted. Reads only, because mail scanners open links. */
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
 * Consumes an invitation and adds the account with its address to the organization. Of concurrent
 * calls one succeeds. The token proves the mailbox, so with `newAccount` the call also opens the
 * account. Existing members keep their role. `ip` is the caller's.
 * @throws {InvalidToken} when the invitation is unknown, expired, used or revoked
 * @throws {AccountDisabled} when the account is disabled
 * @throws {EmailTaken} when `newAccount` is given, but the account is active by now
 * @throws {MissingFields} when `newAccount` is undefined, but there is no active account
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
 * Takes the same locks in the same order as all writes in an organization, and only then checks that
 * the inviter may still invite. So no invitation is accepted after the demotion of its inviter.
 */
async function consumeInvitation(tx: Tx, token: string): Promise<Invitation> {
  const [found] = await tx.select().from(invitations).where(isOfToken(token))
  if (!found?.invitedBy) throw new InvalidToken()
  const { organizationId, invitedBy } = found
  const isOfInviter = and(eq(memberships.organizationId, organizationId), eq(memberships.userId, invitedBy))
  const [, organization] = await Promise.all([
    tx.execute(sql`select from ${users} where ${users.id} = ${invitedBy} for share`),
    tx.execute(sql`
      select from ${organizations}
      where ${organizations.id} = ${organizationId} and ${organizations.deletedAt} is null for key share`),
    tx.execute(sql`select from ${memberships} where ${isOfInviter} for share`),
  ])
  if (organization.count === 0) throw new InvalidToken()
  const [consumed] = await tx
    .delete(invitations)
    .where(and(isOfToken(token), isLive))
    .returning()
  if (!consumed) throw new InvalidToken()
  return consumed
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
