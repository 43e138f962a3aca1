import { layout, PRODUCT } from './layout.js'
import type { LinkMailPage } from './mail-types.js'
import { validUntil } from './words.js'

export const resetPassword: LinkMailPage = {
  path: '/reset-password',
  write: ({ firstName, email, link, expiresAt }) =>
    layout({
      subject: 'Choose a new password',
      firstName,
      before: [
        `Somebody asked for a new password for the account ${email} at ${PRODUCT}. When you choose one, every device that is signed in is signed out.`,
      ],
      action: { label: 'Choose a new password', link },
      after: [
        validUntil(expiresAt),
        'If it was not you, you need not do anything: your password stays as it is. Please give this link to nobody, whoever asks for it.',
      ],
    }),
}
