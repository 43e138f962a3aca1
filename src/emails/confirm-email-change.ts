import { layout, PRODUCT } from './layout.js'
import type { LinkMailPage } from './mail-types.js'
import { validUntil } from './words.js'

export const confirmEmailChange: LinkMailPage = {
  path: '/verify-email',
  write: ({ firstName, email, link, expiresAt }) =>
    layout({
      subject: 'Confirm your new e-mail address',
      firstName,
      before: [
        `The address of an account at ${PRODUCT} is to be changed to ${email}. Please confirm that this address is yours. From then on it is the one to sign in with.`,
      ],
      action: { label: 'Confirm my new address', link },
      after: [
        validUntil(expiresAt),
        'If it was not you, somebody else entered your address. You need not do anything: without your confirmation nothing changes.',
      ],
    }),
}
