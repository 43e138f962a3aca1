import { layout, PRODUCT } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const passwordChanged: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'Your password was changed',
      firstName,
      before: [
        `The password of your account ${email} at ${PRODUCT} was changed, and other devices were signed out.`,
        'If it was you, there is nothing to do.',
      ],
      action: { label: `Go to ${PRODUCT}`, link: baseUrl },
      after: [
        'If it was not you, ask for a new password there right now: that signs everybody else out. Then look after your mailbox too, for whoever reads it can do the same.',
      ],
    }),
}
