import { type Html, html, raw } from '../lib/http/html.js'
import { PRODUCT } from '../lib/product.js'
import { greeting, oneLine } from './mail-text.js'

export type Mail = { subject: string; text: string; html: string }

type Content = {
  /** A fixed text: what users enter must not get into a header. */
  subject: string
  firstName: string
  /** The paragraphs above the button: what happened. */
  before: readonly string[]
  action: { label: string; link: string }
  /** The paragraphs below it: until when the link works, and what to do if someone else caused the mail. */
  after: readonly string[]
}

const FOOTER = `${PRODUCT.title} sent this mail automatically. Replies to it are not read.`

/**
 * Writes the text and the HTML of a mail from one description, so that both always say the same.
 *
 * @throws {TypeError} when the link is not an absolute http or https URL
 */
export function layout({ subject, firstName, action, ...content }: Content): Mail {
  const link = webAddress(action.link)
  const before = [greeting(firstName), ...content.before.map(oneLine)]
  const after = content.after.map(oneLine)
  const text = [...before, `${action.label}:\n${link}`, ...after, `-- \n${FOOTER}`]
  return {
    subject,
    text: `${text.join('\n\n')}\n`,
    html: String(document({ subject, before, label: action.label, link, after })),
  }
}

function webAddress(link: string): string {
  const { protocol, href } = new URL(link)
  if (!/^https?:$/.test(protocol)) throw new TypeError(`A mail cannot link to ${protocol}`)
  return href
}

const FONT = raw("font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif")

/** Only mail programs that keep style sheets need this: the others do not know dark mode. */
const DARK = raw(`@media (prefers-color-scheme: dark) {
  .page { background: #111827 !important; }
  .card { background: #1f2937 !important; border-color: #374151 !important; }
  .ink { color: #f3f4f6 !important; }
  .muted { color: #b6bdc9 !important; }
}`)

type Parts = { subject: string; before: string[]; label: string; link: string; after: string[] }

/**
 * Uses tables and inline styles, because mail programs support little else. It loads nothing from a server,
 * so that opening the mail cannot be tracked.
 */
const document = ({ subject, before, label, link, after }: Parts): Html => html`<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${subject}</title>
<style>${DARK}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f3f4f6">
<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f3f4f6">
<tr><td align="center" style="padding:32px 16px">
<table class="card" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px;background:#ffffff;border:1px solid #e5e7eb;border-radius:8px">
<tr><td style="padding:32px 32px 16px;${FONT}">
<h1 class="ink" style="margin:0 0 24px;font-size:22px;line-height:1.3;color:#111827">${subject}</h1>
${before.map((text) => paragraph('ink', 'font-size:16px;color:#111827', text))}
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:24px 0">
<tr><td bgcolor="#1d4ed8" style="border-radius:6px;background:#1d4ed8">
<a href="${link}" style="display:inline-block;padding:12px 24px;font-size:16px;font-weight:600;line-height:1.25;color:#ffffff;text-decoration:none;border-radius:6px">${label}</a>
</td></tr>
</table>
${after.map((text) => paragraph('muted', 'font-size:14px;color:#4b5563', text))}
</td></tr>
</table>
<p class="muted" style="margin:16px 0 0;${FONT};font-size:13px;line-height:1.5;color:#4b5563">${FOOTER}</p>
</td></tr>
</table>
</body>
</html>
`

const paragraph = (className: string, style: string, text: string): Html =>
  html`<p class="${className}" style="margin:0 0 16px;line-height:1.5;overflow-wrap:anywhere;${style}">${text}</p>
`
