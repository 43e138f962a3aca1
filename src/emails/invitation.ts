import { type OrganizationRole, ROLE_PHRASES } from '../lib/auth/roles.js'
import { PRODUCT } from '../lib/product.js'
import { layout, type Mail } from './layout.js'
import { harmlessName, validUntil } from './mail-text.js'
import type { LinkParams } from './mail-types.js'

export type InvitationParams = Omit<LinkParams, 'email'> & {
  inviter: string
  organization: string
  role: OrganizationRole
}

/**
 * Goes to any address that a user enters. The names in it are left out where they could carry a message,
 * such as a link or a telephone number.
 */
export const invitationMail = {
  path: '/accept-invitation',
  write: ({ firstName, inviter, organization, role, link, expiresAt }: InvitationParams): Mail => {
    const name = harmlessName(organization)
    return layout({
      subject: 'You have been invited to an organization',
      firstName,
      before: [
        `${harmlessName(inviter) ?? 'Someone'} has invited you to ${name ? `the organization “${name}”` : 'an organization'} at ${PRODUCT.title}, as ${ROLE_PHRASES[role]}.`,
        'If you do not have an account with this address yet, you can create one on the page that opens.',
      ],
      action: { label: 'View the invitation', link },
      after: [
        validUntil(expiresAt),
        'If you do not know who invited you, you do not need to do anything: you only join when you accept.',
      ],
    })
  },
} as const
