import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import { validUntil } from './mail-text.js'
import type { LinkMailPage } from './mail-types.js'

export const confirmEmailChange: LinkMailPage = {
  path: '/verify-email',
  write: ({ firstName, email, link, expiresAt }) =>
    layout({
      subject: 'Confirm your new e-mail address',
      firstName,
      before: [
        `Someone asked to change the address of an account at ${PRODUCT.title} to ${email}. Please confirm that this address is yours. From then on you sign in with it.`,
      ],
      action: { label: 'Confirm my new address', link },
      after: [
        validUntil(expiresAt),
        'If it was not you, someone else entered your address. You do not need to do anything: without your confirmation nothing changes.',
      ],
    }),
}
