import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import { validUntil } from './mail-text.js'
import type { LinkMailPage } from './mail-types.js'

export const resetPassword: LinkMailPage = {
  path: '/reset-password',
  write: ({ firstName, email, link, expiresAt }) =>
    layout({
      subject: 'Choose a new password',
      firstName,
      before: [
        `Someone asked for a new password for the account ${email} at ${PRODUCT.title}. When you choose one, all devices are signed out.`,
      ],
      action: { label: 'Choose a new password', link },
      after: [
        validUntil(expiresAt),
        'If it was not you, you do not need to do anything: your password stays as it is. Do not give this link to anyone, even if they ask for it.',
      ],
    }),
}
