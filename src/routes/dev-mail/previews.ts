import { linkMails, type Mail, noticeMails } from '../../emails/index.js'
import { LINK_MAILS, type LinkMail, NOTICE_MAILS, type NoticeMail } from '../../lib/jobs.js'

export const previewNames = [...LINK_MAILS, ...NOTICE_MAILS] as const

const ADA = { firstName: 'Ada', email: 'ada@example.com' }
const BASE_URL = 'https://app.example.com'
const EXPIRES_AT = new Date('2030-01-31T12:00:00Z')

const isNotice = (name: LinkMail | NoticeMail): name is NoticeMail => Object.hasOwn(noticeMails, name)

/** How a mail looks, for whoever writes it. */
export function preview(name: LinkMail | NoticeMail): Mail {
  if (isNotice(name)) return noticeMails[name].write({ ...ADA, baseUrl: BASE_URL })
  const { path, write } = linkMails[name]
  return write({ ...ADA, link: `${BASE_URL}${path}?token=an-example`, expiresAt: EXPIRES_AT })
}
