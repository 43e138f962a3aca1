import { PRODUCT } from '../lib/product.js'
import { layout } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const signInBlocked: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'Several wrong passwords for your account',
      firstName,
      before: [
        `Someone entered several wrong passwords in a row for your account ${email} at ${PRODUCT.title}. To protect it, signing in is slowed down now, even with the right password.`,
        'If it was you, wait a little and try again, or ask for a new password on the site. With a new password you do not have to wait, whatever others try.',
      ],
      action: { label: `Go to ${PRODUCT.title}`, link: baseUrl },
      after: [
        'If it was not you, someone may be guessing your password. The slowdown keeps them out, and you do not need to do anything. If you use the same password anywhere else, choose a new one.',
      ],
    }),
}
