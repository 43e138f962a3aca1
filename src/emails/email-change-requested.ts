import { layout, PRODUCT } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const emailChangeRequested: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'Your e-mail address is about to change',
      firstName,
      before: [
        `Somebody who knows your password asked to change the address of your account ${email} at ${PRODUCT}. The change is made once the new address is confirmed.`,
        'If it was you, there is nothing to do here.',
      ],
      action: { label: `Go to ${PRODUCT}`, link: baseUrl },
      after: [
        'If it was not you, ask for a new password there right now: that stops the change, and signs everybody else out.',
      ],
    }),
}
