import { failedJobs } from '../../emails/failed-jobs.js'
import { linkMails, type Mail, noticeMails } from '../../emails/index.js'
import { invitationMail } from '../../emails/invitation.js'
import { LINK_MAILS, NOTICE_MAILS, type NoticeMail } from '../../lib/jobs/jobs.js'

export const previewNames = [...LINK_MAILS, ...NOTICE_MAILS, 'invitation', 'failed-jobs'] as const
type PreviewName = (typeof previewNames)[number]

const ADA = { firstName: 'Ada', email: 'ada@example.com' }
const BASE_URL = 'https://app.example.com'
const EXPIRES_AT = new Date('2030-01-31T12:00:00Z')

const INVITATION = {
  inviter: 'Grace Hopper',
  organization: 'Analytical Engines',
  role: 'member',
  link: `${BASE_URL}${invitationMail.path}?token=an-example`,
  expiresAt: EXPIRES_AT,
} as const

const FAILED = [{ job: 'send-link', count: 3 }]

const isNotice = (name: PreviewName): name is NoticeMail => Object.hasOwn(noticeMails, name)

/** Renders a mail with example data. */
export function preview(name: PreviewName): Mail {
  if (name === 'failed-jobs') return failedJobs.write({ ...ADA, baseUrl: BASE_URL, jobs: FAILED })
  if (name === 'invitation') return invitationMail.write({ ...ADA, ...INVITATION })
  if (isNotice(name)) return noticeMails[name].write({ ...ADA, baseUrl: BASE_URL })
  const { path, write } = linkMails[name]
  return write({ ...ADA, link: `${BASE_URL}${path}?token=an-example`, expiresAt: EXPIRES_AT })
}
