import { layout, PRODUCT } from './layout.js'
import type { NoticeMailPage } from './mail-types.js'

export const signInBlocked: NoticeMailPage = {
  write: ({ firstName, email, baseUrl }) =>
    layout({
      subject: 'Many wrong passwords for your account',
      firstName,
      before: [
        `Somebody entered several wrong passwords in a row for your account ${email} at ${PRODUCT}. To keep it safe, signing in to it is slowed down now, even with the right password.`,
        'If it was you, wait a little and try again, or ask for a new password there: with that you need not wait, whatever others try.',
      ],
      action: { label: `Go to ${PRODUCT}`, link: baseUrl },
      after: [
        'If it was not you, somebody may be guessing. Your account is closed to them, and you need not do anything. If you use this password anywhere else, choose a new one.',
      ],
    }),
}
