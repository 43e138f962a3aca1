import type { OrganizationRole } from '../lib/auth/roles.js'
import { layout, type Mail, PRODUCT } from './layout.js'
import type { LinkParams } from './mail-types.js'
import { harmlessName, validUntil } from './words.js'

export type InvitationParams = Omit<LinkParams, 'email'> & {
  inviter: string
  organization: string
  role: OrganizationRole
}

/** What the role lets them do is a matter of the organization, and its name one of the API. */
const AS: Record<OrganizationRole, string> = { org_admin: 'one of its administrators', member: 'a member' }

/** Goes to whomever somebody names: neither name in it can carry a message of its own. */
export const invitationMail = {
  path: '/accept-invitation',
  write: ({ firstName, inviter, organization, role, link, expiresAt }: InvitationParams): Mail => {
    const name = harmlessName(organization)
    return layout({
      subject: 'You are invited to an organization',
      firstName,
      before: [
        `${harmlessName(inviter) ?? 'Somebody'} invites you to ${name ? `the organization “${name}”` : 'an organization'} at ${PRODUCT}, as ${AS[role]}.`,
        'If you have no account with this address yet, you choose a password on the page that opens.',
      ],
      action: { label: 'Look at the invitation', link },
      after: [
        validUntil(expiresAt),
        'If you do not know who invites you, you need not do anything: you only become part of it when you accept.',
      ],
    })
  },
} as const
