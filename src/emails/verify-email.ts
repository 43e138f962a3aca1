import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import { validUntil } from './mail-text.js'
import type { LinkMailPage } from './mail-types.js'

export const verifyEmail: LinkMailPage = {
  path: '/verify-email',
  write: ({ firstName, email, link, expiresAt }) =>
    layout({
      subject: 'Confirm your e-mail address',
      firstName,
      before: [
        `Someone registered at ${PRODUCT.title} with the address ${email}. Please confirm that this address is yours.`,
      ],
      action: { label: 'Confirm my address', link },
      after: [
        validUntil(expiresAt),
        'The link also confirms the password of this registration. If you got several such mails but registered only once, do not use any of them. Ask for a new password on the site instead.',
        'If it was not you, someone else entered your address. You do not need to do anything: without your confirmation the account stays inactive.',
      ],
    }),
}
