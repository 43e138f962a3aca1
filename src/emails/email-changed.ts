import { layout, PRODUCT } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

/** Goes to the old mailbox. The new address is not in it: whoever took the account over has chosen it, and may have chosen a message. */
export const emailChanged: NoticeMailPage = {
  write: ({ firstName, baseUrl }) =>
    layout({
      subject: 'Your e-mail address was changed',
      firstName,
      before: [
        `The address of your account at ${PRODUCT} was changed, and the new one is confirmed. This mail is the last one to the old address.`,
        'If it was you, there is nothing to do.',
      ],
      action: { label: `Go to ${PRODUCT}`, link: baseUrl },
      after: [
        'If it was not you, somebody else has got into your account. Please tell the people behind this site at once: they can give it back to you.',
      ],
    }),
}
