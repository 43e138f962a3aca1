import { failedJobs } from '../src/emails/failed-jobs.js'
import { linkMails, type Mail, noticeMails } from '../src/emails/index.js'
import { invitationMail } from '../src/emails/invitation.js'
import { PRODUCT } from '../src/lib/product.js'
import t from './tap.js'

const LINK = 'https://app.example.com/some-page?token=ab-C_9'
const BASE_URL = 'https://app.example.com/'
const EXPIRES_AT = new Date('2030-01-31T12:05:59Z')
const ADA = { firstName: 'Ada', email: 'ada@example.com' }

const FAILED_JOBS = [
  { job: 'send-link', count: 12 },
  { job: 'seal-audit-log', count: 1 },
]

const INVITATION = {
  inviter: 'Grace Hopper',
  organization: 'Analytical Engines',
  role: 'member',
  link: LINK,
  expiresAt: EXPIRES_AT,
} as const

type Person = typeof ADA

/** Every kind of mail, written to this person. */
const mailsTo = (person: Person): [name: string, mail: Mail, link: string][] => [
  ...Object.entries(linkMails).map(([name, { write }]): [string, Mail, string] => [
    name,
    write({ ...person, link: LINK, expiresAt: EXPIRES_AT }),
    LINK,
  ]),
  ...Object.entries(noticeMails).map(([name, { write }]): [string, Mail, string] => [
    name,
    write({ ...person, baseUrl: BASE_URL }),
    BASE_URL,
  ]),
  ['invitation', invitationMail.write({ ...person, ...INVITATION }), LINK],
  ['failed-jobs', failedJobs.write({ ...person, baseUrl: BASE_URL, jobs: FAILED_JOBS }), BASE_URL],
]

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' }

const decode = (html: string): string =>
  html
    .replace(/&#(\d+);/g, (_whole, code) => String.fromCodePoint(Number(code)))
    .replace(/&(\w+);/g, (whole, name) => ENTITIES[name] ?? whole)

/** The visible text, one line for each element. */
const visible = (html: string): string =>
  decode(html.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]*>/g, ''))

const linksIn = (html: string): string[] =>
  [...html.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => decode(href))

const count = (text: string, part: string): number => text.split(part).length - 1

t.test('every mail has a subject, a greeting and its link once, in both parts', async (t) => {
  for (const [name, { subject, text, html }, link] of mailsTo(ADA)) {
    t.match(subject, /^[A-Z][\w -]{10,60}$/, name)
    t.ok(text.startsWith('Hello Ada,\n\n'), `${name}: ${text}`)
    t.equal(count(text, link), 1, name)
    t.strictSame(linksIn(html), [link], name)
    for (const line of text.split('\n').filter((line) => line !== link && !/^-- $|:$/.test(line))) {
      t.ok(visible(html).includes(line), `${name}: the HTML contains the line "${line}"`)
    }
  }
})

t.test('a mail with a link says where it leads and when it expires', async (t) => {
  const pages = Object.entries(linkMails).map(([name, { path }]) => [name, path])
  t.strictSame(Object.fromEntries(pages), {
    'verify-email': '/verify-email',
    'confirm-email-change': '/verify-email',
    'reset-password': '/reset-password',
    'set-password': '/reset-password',
  })
  for (const { write } of Object.values(linkMails)) {
    const { text } = write({ ...ADA, link: LINK, expiresAt: EXPIRES_AT })
    t.match(text, /Thursday,? 31 January 2030 at 12:05 UTC/)
  }
})

t.test('the HTML is complete and loads nothing', async (t) => {
  for (const [name, { html }] of mailsTo({
    ...ADA,
    firstName: '</td></table><img src=x onerror=alert(1)>',
  })) {
    t.strictSame(unclosed(html), [], name)
    t.notMatch(html, /<(img|script|link|iframe|form)|<[^>]*\ssrc=|url\(|@import|javascript:/i, name)
    t.match(html, /^<!doctype html>\n<html lang="en"/, name)
  }
})

const VOID = new Set(['meta'])

/** The tags that are still open at the end or were closed in the wrong order. */
function unclosed(html: string): string[] {
  const open: string[] = []
  for (const [, close, tag = ''] of html
    .replace('<!doctype html>', '')
    .matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
    if (VOID.has(tag)) continue
    if (!close) open.push(tag)
    else if (open.at(-1) === tag) open.pop()
    else return [...open, `/${tag}`]
  }
  return open
}

t.test('text from users is never executed as markup or as a template', async (t) => {
  // A machine cannot tell these from names of people. `<` opens a tag, `{{` and `${` a template.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template that must not be evaluated
  for (const firstName of ['<script>', '<b>Ada</b>', '{{7*7}}', '${7*7}', '<%= 7*7 %>', `"O'Neil" & Sons`]) {
    for (const [name, { subject, text, html }] of mailsTo({
      firstName,
      email: "{{7*7}}+o'neil@example.com",
    })) {
      t.ok(text.startsWith(`Hello ${firstName},\n`), `${name}: ${text}`)
      t.ok(visible(html).includes(`Hello ${firstName},`), `${name}: ${firstName}`)
      t.notMatch(html, /<script|<b>|<%/, name)
      t.notMatch(text + html, /\b49\b/, name)
      t.equal(
        subject,
        mailsTo(ADA).find(([other]) => other === name)?.[1].subject,
        'the name is not in a header',
      )
    }
  }
})

t.test('omits a name that a mail program would turn into a link', async (t) => {
  const names = [
    'https://evil.example',
    'evil.example/win',
    'www.evil.example',
    'Click evil.co now',
    'evil。example',
    'mailto:evil',
    'call me at evil@localhost',
    'evil\uff0ecom',
    'Win at evil\u3002com',
    'evil\u06d4com evil',
    'evil.\u200dcom',
    'evil.c\u0301om',
    'evil\u2024com',
    'evil.рф',
    'evil\ufe52コム',
    'https\ua789//evil',
    'mail evil\uff20x',
    'evil +49 30 1',
    'evil 0800 123 456',
    'evil ٠٨٠٠١٢٣٤٥',
    'evil ०८००१२३',
    'evil ０８００１２３',
    'evil ➀➁➂➃➄',
    'evil 𝟘𝟠𝟘𝟘𝟙𝟚',
    'evil 一三八〇零五',
    'evil 1-800-FLOWERS',
    'evil (030) 1234',
    'You have won a prize, and here is how you get it: write to the people at evil',
  ]
  for (const firstName of names) {
    for (const [name, { text, html }] of mailsTo({ ...ADA, firstName })) {
      t.ok(text.startsWith('Hello,\n'), name)
      t.notMatch(text + html, /evil/, name)
    }
  }
  for (const firstName of [
    'J. R. R.',
    'Jean-Luc',
    'Дмитрий',
    '美咲',
    'می\u200cنا',
    'O’Brien',
    'Ada\u{1f44d}\u{1f3fd}',
    'St. John',
    'Nguyễn Thị',
    'प्रिया',
    '三郎',
    'Ada III',
    'Studio 54',
    'Gal·la',
  ]) {
    t.ok(mailsTo({ ...ADA, firstName })[0]?.[1].text.startsWith(`Hello ${firstName},`), firstName)
  }
})

t.test(
  'an invitation names the inviter and the organization, unless a name could carry a message',
  async (t) => {
    const { text } = invitationMail.write({ ...ADA, ...INVITATION })
    t.match(
      text,
      `Grace Hopper has invited you to the organization “Analytical Engines” at ${PRODUCT.title}, as a member.`,
    )
    const names = [
      'https://evil.example',
      'evil.example/win',
      `evil ${'x'.repeat(60)}`,
      'evil@x.example',
      ' \u202e',
    ]
    for (const name of names) {
      const mail = invitationMail.write({
        ...ADA,
        ...INVITATION,
        role: 'org_admin',
        inviter: name,
        organization: name,
      })
      t.match(
        mail.text,
        `Someone has invited you to an organization at ${PRODUCT.title}, as an administrator.`,
      )
      t.notMatch(mail.text + mail.html, /evil/, name)
    }
    const odd = invitationMail.write({ ...ADA, ...INVITATION, organization: '<b>A</b>\r\nBcc: x' })
    t.match(odd.text, '“<b>A</b>  Bcc: x”')
    t.notMatch(odd.html, /<b>/)
  },
)

t.test('text from users neither begins a line nor changes the writing direction', async (t) => {
  const firstName = 'Ada\r\nBcc\u2028x\u202e\u0000\u0085y'
  const email = 'ada@example.com\r\n\r\nwww'
  for (const [name, { text, html }] of mailsTo({ firstName, email })) {
    t.match(text, /^Hello Ada {2}Bcc x {3}y,\n/, name)
    t.notMatch(text + html, /[^\P{Cc}\n]|\p{Zl}|\u202e|^www/mu, name)
  }
})

t.test('a mail links only to pages', async (t) => {
  const { write } = linkMails['verify-email']
  for (const link of ['javascript:alert(1)', 'data:text/html,x', '/verify-email', '']) {
    t.throws(() => write({ ...ADA, link, expiresAt: EXPIRES_AT }), TypeError, link)
  }
  const odd = write({ ...ADA, link: `https://app.example.com/a'b?x="><b>&y=1`, expiresAt: EXPIRES_AT })
  t.strictSame(linksIn(odd.html), [`https://app.example.com/a'b?x=%22%3E%3Cb%3E&y=1`])
  t.strictSame(unclosed(odd.html), [])
})
