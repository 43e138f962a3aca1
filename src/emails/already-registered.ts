import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const alreadyRegistered: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'You already have an account',
      firstName,
      before: [
        `Someone just tried to register at ${PRODUCT.title} with your address, ${email}. You already have an account with this address, so nothing was changed.`,
        'If it was you, sign in as usual. If you have forgotten your password, ask for a new one on the site.',
      ],
      action: { label: `Go to ${PRODUCT.title}`, link: baseUrl },
      after: [
        'If it was not you, you do not need to do anything. The other person was not told that you have an account.',
      ],
    }),
}
