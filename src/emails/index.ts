import type { LinkMail, NoticeMail } from '../lib/jobs/jobs.js'
import { alreadyRegistered } from './already-registered.js'
import { confirmEmailChange } from './confirm-email-change.js'
import { emailChangeRequested } from './email-change-requested.js'
import { emailChanged } from './email-changed.js'
import type { LinkMailPage, NoticeMailPage } from './mail-types.js'
import { passwordChanged } from './password-changed.js'
import { resetPassword } from './reset-password.js'
import { setPassword } from './set-password.js'
import { signInBlocked } from './sign-in-blocked.js'
import { verifyEmail } from './verify-email.js'

export type { Mail } from './layout.js'

export const linkMails: Record<LinkMail, LinkMailPage> = {
  'verify-email': verifyEmail,
  'confirm-email-change': confirmEmailChange,
  'reset-password': resetPassword,
  'set-password': setPassword,
}

export const noticeMails: Record<NoticeMail, NoticeMailPage> = {
  'already-registered': alreadyRegistered,
  'email-change-requested': emailChangeRequested,
  'email-changed': emailChanged,
  'password-changed': passwordChanged,
  'sign-in-blocked': signInBlocked,
}
