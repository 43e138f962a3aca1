import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

/**
 * Goes to the old mailbox. It does not contain the new address: an attacker who took over the account chose
 * that address, and may have hidden a message in it.
 */
export const emailChanged: NoticeMailPage = {
  write: ({ firstName, baseUrl }) =>
    layout({
      subject: 'Your e-mail address was changed',
      firstName,
      before: [
        `The address of your account at ${PRODUCT.title} was changed, and the new one is confirmed. This is the last mail to the old address.`,
        'If it was you, you do not need to do anything.',
      ],
      action: { label: `Go to ${PRODUCT.title}`, link: baseUrl },
      after: [
        'If it was not you, someone else has access to your account. Please contact the people who run this site at once: they can give the account back to you.',
      ],
    }),
}
