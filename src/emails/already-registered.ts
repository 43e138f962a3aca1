import { layout, PRODUCT } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const alreadyRegistered: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'You have an account already',
      firstName,
      before: [
        `Somebody just tried to register at ${PRODUCT} with your address, ${email}. You have an account with it already, so nothing was changed.`,
        'If it was you, sign in as usual. If you do not remember the password, ask for a new one there.',
      ],
      action: { label: `Go to ${PRODUCT}`, link: baseUrl },
      after: [
        'If it was not you, you need not do anything. Whoever it was did not learn that you have an account.',
      ],
    }),
}
