import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import { validUntil } from './mail-text.js'
import type { LinkMailPage } from './mail-types.js'

export const setPassword: LinkMailPage = {
  path: '/reset-password',
  write: ({ firstName, email, link, expiresAt }) =>
    layout({
      subject: 'Choose your password',
      firstName,
      before: [
        `An account was created for you at ${PRODUCT.title} with the address ${email}. Choose a password to activate it.`,
      ],
      action: { label: 'Choose my password', link },
      after: [
        validUntil(expiresAt),
        'If you do not know why you got this mail, you do not need to do anything: without a password the account stays inactive.',
      ],
    }),
}
