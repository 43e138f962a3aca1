import { findOpenInvitation } from '../db/queries/organizations/accept-invitation.js'
import { invitationMail } from '../emails/invitation.js'
import { deriveInvitationToken } from '../lib/auth/mailed-tokens.js'
import { type Processor, UnrecoverableError } from './processor.js'

/** The token is made here, on its way into the mail, and is nowhere else. */
export const sendInvitation: Processor<'send-invitation'> = async (
  { db, mailer, mailedLinks },
  { invitationId },
  { id },
) => {
  const open = await findOpenInvitation(db, { id: invitationId })
  // Accepted, revoked, or void by a newer one: its link would only confuse.
  if (!open) return
  const { invitation, organization, inviter, account } = open
  const { email, role, expiresAt } = invitation
  const link = mailedLinks.write(invitation, invitationMail.path, deriveInvitationToken)
  if (link === undefined) throw new UnrecoverableError('The key of this link has been retired')
  const mail = invitationMail.write({
    // Whoever registered the address without proving it has chosen the name, too.
    firstName: account?.status === 'active' ? account.firstName : '',
    inviter: `${inviter.firstName} ${inviter.lastName}`,
    organization: organization.name,
    role,
    link,
    expiresAt,
  })
  await mailer.send({ to: email, mail, messageId: id })
}
