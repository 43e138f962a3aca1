import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const emailChangeRequested: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'Your e-mail address is about to change',
      firstName,
      before: [
        `Someone who knows your password asked to change the address of your account ${email} at ${PRODUCT.title}. The address changes as soon as the new one is confirmed.`,
        'If it was you, you do not need to do anything here.',
      ],
      action: { label: `Go to ${PRODUCT.title}`, link: baseUrl },
      after: [
        'If it was not you, ask for a new password on the site right now. That stops the change and signs everyone else out.',
      ],
    }),
}
