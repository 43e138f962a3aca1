import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const passwordChanged: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'Your password was changed',
      firstName,
      before: [
        `The password of your account ${email} at ${PRODUCT.title} was changed, and other devices were signed out.`,
        'If it was you, you do not need to do anything.',
      ],
      action: { label: `Go to ${PRODUCT.title}`, link: baseUrl },
      after: [
        'If it was not you, ask for a new password on the site right now. That signs everyone else out. Then secure your mailbox too: anyone who can read it can also ask for a new password.',
      ],
    }),
}
