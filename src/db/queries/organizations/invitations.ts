import { and, eq, gt, inArray, type SQL, sql } from 'drizzle-orm'
import { recordSecurityEvent } from '../../../lib/audit/context.js'
import { deriveInvitationToken } from '../../../lib/auth/mailed-tokens.js'
import { hashToken } from '../../../lib/auth/opaque-tokens.js'
import { PERMISSIONS } from '../../../lib/auth/permissions.js'
import type { SigningKey } from '../../../lib/auth/signing-keys.js'
import { AlreadyMember, NotFound, RateLimited } from '../../../lib/errors/errors.js'
import type { Page, PageQuery, SortOf } from '../../../lib/schema/pagination.js'
import { uuidV7 } from '../../../lib/schema/uuid.js'
import { type Invitation, invitations } from '../../schema/invitations.js'
import { memberships } from '../../schema/memberships.js'
import { users } from '../../schema/users.js'
import type { OrganizationScope } from '../../tenancy/scopes.js'
import { consumeInvitationQuota, secondsToNext } from '../jobs/mail-counts.js'
import { enqueueMail } from '../jobs/outbox.js'
import { keysetPage } from '../page.js'

const SORTABLE = {
  email: invitations.email,
  createdAt: invitations.createdAt,
  expiresAt: invitations.expiresAt,
}

export const INVITATION_SORT_FIELDS = ['email', 'createdAt', 'expiresAt'] as const
type SortField = (typeof INVITATION_SORT_FIELDS)[number]

/** `email` must be normalised. */
export type NewInvitation = Omit<
  typeof invitations.$inferInsert,
  'id' | 'organizationId' | 'invitedBy' | 'tokenHash' | 'keyId' | 'createdAt' | 'expiresAt'
>

type InvitationTokens = { signingKey: SigningKey; ttlSeconds: number }

/**
 * Creates an invitation and enqueues its mail. Replaces an older invitation of the same address.
 * @throws {AlreadyMember} when the address belongs to a member
 * @throws {RateLimited} when the quota of the organization or the mailbox is used up
 */
export async function createInvitation(
  scope: OrganizationScope,
  { signingKey, ttlSeconds }: InvitationTokens,
  invitation: NewInvitation,
): Promise<Invitation> {
  const { tx, organizationId, userId: invitedBy } = scope
  // First, because this waits for a concurrent acceptance of the older one, which adds the member.
  await tx.delete(invitations).where(and(inScope(scope), eq(invitations.email, invitation.email)))
  if (await hasMember(scope, invitation.email)) throw new AlreadyMember()
  const [id, createdAt] = [uuidV7(Date.now()), new Date()]
  const row = {
    ...invitation,
    id,
    invitedBy,
    tokenHash: hashToken(deriveInvitationToken(signingKey, id)),
    keyId: signingKey.kid,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + ttlSeconds * 1000),
  }
  const [created] = await tx
    .insert(invitations)
    .values({ ...row, organizationId })
    // Of two concurrent invitations of the same address the later one counts.
    .onConflictDoUpdate({ target: [invitations.organizationId, invitations.email], set: row })
    .returning()
  await enqueueInvitation(scope, id, invitation.email)
  recordSecurityEvent('member_invited')
  return created as Invitation
}

/** @throws {RateLimited} when a quota is used up; the rollback then restores the older invitation */
async function enqueueInvitation(
  { tx, organizationId }: OrganizationScope,
  invitationId: string,
  email: string,
) {
  if (!(await consumeInvitationQuota(tx, organizationId))) {
    throw new RateLimited(await secondsToNext(tx, 'organization', organizationId))
  }
  if (!(await enqueueMail(tx, 'send-invitation', { invitationId }, { kind: 'invitation', email }))) {
    throw new RateLimited(await secondsToNext(tx, 'invitation', email))
  }
}

/** The invitations that can be accepted. */
export async function listInvitations(
  scope: OrganizationScope,
  query: PageQuery<SortOf<SortField>>,
): Promise<Page<Invitation>> {
  const page = keysetPage<Invitation, SortField>(SORTABLE, invitations.id, query)
  const rows = await scope.tx
    .select()
    .from(invitations)
    .where(and(inScope(scope), isLive, page.after))
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows)
}

/** @throws {NotFound} when there is no such invitation in the organization of the scope */
export async function revokeInvitation(scope: OrganizationScope, id: string): Promise<void> {
  const revoked = await scope.tx
    .delete(invitations)
    .where(and(inScope(scope), eq(invitations.id, id)))
    .returning({ id: invitations.id })
  if (revoked.length === 0) throw new NotFound()
  recordSecurityEvent('invitation_revoked')
}

const inScope = ({ organizationId }: OrganizationScope): SQL => eq(invitations.organizationId, organizationId)

/**
 * The inviter must still be allowed to invite. Otherwise an inviter who was removed, demoted, disabled
 * or deleted could come back, or bring in others, with an older invitation.
 */
const isInviterAllowed = sql`exists (
  select from ${users} left join ${memberships}
    on ${memberships.userId} = ${users.id} and ${memberships.organizationId} = ${invitations.organizationId}
  where ${users.id} = ${invitations.invitedBy} and ${users.status} = 'active'
    and (${users.role} = 'super_admin' or ${inArray(memberships.role, [...PERMISSIONS['invitations.create']])}))`

/** The condition for invitations that can be accepted. */
export const isLive = and(gt(invitations.expiresAt, sql`now()`), isInviterAllowed)

async function hasMember({ tx, organizationId }: OrganizationScope, email: string): Promise<boolean> {
  const found = await tx
    .select({ id: users.id })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(and(eq(memberships.organizationId, organizationId), eq(users.email, email)))
  return found.length > 0
}
