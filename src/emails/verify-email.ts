import { layout, PRODUCT } from './layout.js'
import type { LinkMailPage } from './mail-types.js'
import { validUntil } from './words.js'

export const verifyEmail: LinkMailPage = {
  path: '/verify-email',
  write: ({ firstName, email, link, expiresAt }) =>
    layout({
      subject: 'Confirm your e-mail address',
      firstName,
      before: [
        `An account was opened at ${PRODUCT} with the address ${email}. Please confirm that this address is yours.`,
      ],
      action: { label: 'Confirm my address', link },
      after: [
        validUntil(expiresAt),
        'It confirms the password that was chosen with this registration. If you get several such mails and registered only once, use none of them: ask for a new password there instead, and choose it yourself.',
        'If it was not you, somebody else entered your address. You need not do anything: without your confirmation the account stays closed.',
      ],
    }),
}
