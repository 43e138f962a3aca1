import { findOpenInvitation } from '../db/queries/organizations/accept-invitation.js'
import { invitationMail } from '../emails/invitation.js'
import { deriveInvitationToken } from '../lib/auth/mailed-tokens.js'
import { type Processor, UnrecoverableError } from './processor.js'

/** Derives the token from its row. It exists only in the mail: nothing stores it. */
export const sendInvitation: Processor<'send-invitation'> = async (
  { db, mailer, mailedLinks },
  { invitationId },
  { id },
) => {
  const open = await findOpenInvitation(db, { id: invitationId })
  // Accepted, revoked, or replaced by a newer invitation: the link would not work.
  if (!open) return
  const { invitation, organization, inviter, account } = open
  const { email, role, expiresAt } = invitation
  const link = mailedLinks.write(invitation, invitationMail.path, deriveInvitationToken)
  if (link === undefined) throw new UnrecoverableError('The signing key of this link is no longer configured')
  const mail = invitationMail.write({
    // The name of an unconfirmed account may come from a stranger.
    firstName: account?.status === 'active' ? account.firstName : '',
    inviter: `${inviter.firstName} ${inviter.lastName}`,
    organization: organization.name,
    role,
    link,
    expiresAt,
  })
  await mailer.send({ to: email, mail, messageId: id })
}
