import type { ReceivedMail } from '../emails/inbox.js'
import { type Html, html } from '../lib/http/html.js'
import { page } from './layout.js'

const STYLE_SHEET = '/static/dev-mail.css'

const TIME_FORMAT = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
})

const timeOf = ({ createdAt }: ReceivedMail): Html =>
  html`<time datetime="${createdAt}">${TIME_FORMAT.format(new Date(createdAt))} UTC</time>`

/** Lists `mails` in the given order, beside the text of the open one. */
export function inboxPage(mails: readonly ReceivedMail[], open: ReceivedMail | undefined): string {
  const items = mails.map((mail) => listItem(mail, mail.id === open?.id))
  const list = html`<ol class="mails">${items}</ol>`
  return page({
    title: 'Development inbox',
    styleSheet: STYLE_SHEET,
    body: html`<h1>Development inbox</h1>
<nav class="actions" aria-label="Inbox">
<a href="/dev/mail">Reload</a>
<a href="/dev/mail/messages">As JSON</a>
<a href="/dev/mail/preview">Previews of all mails</a>
</nav>
<div class="inbox">
<section aria-label="Mails">${mails.length > 0 ? list : NO_MAILS}</section>
<section id="mail" aria-label="Open mail">${open ? article(open) : mails.length > 0 && NONE_OPEN}</section>
</div>`,
  })
}

const NO_MAILS = html`<p class="hint">No mail has been sent yet. Register an account: the mail that confirms its address will appear here.</p>`
const NONE_OPEN = html`<p class="hint">Choose a mail to read it.</p>`

const listItem = (mail: ReceivedMail, isOpen: boolean): Html =>
  html`<li><a href="/dev/mail?message=${mail.id}#mail"${isOpen && html` aria-current="true"`}>
<span class="subject">${mail.subject}</span>
<span class="to">${mail.to}</span>
${timeOf(mail)}
</a></li>
`

const article = (mail: ReceivedMail): Html => html`<article class="card">
<h2>${mail.subject}</h2>
<dl>
<dt>To</dt><dd>${mail.to}</dd>
<dt>From</dt><dd>${mail.from}</dd>
<dt>Sent</dt><dd>${timeOf(mail)}</dd>
</dl>
<p class="actions"><a href="/dev/mail/messages/${mail.id}/html" target="_blank">Show as HTML</a></p>
<pre>${withLinks(mail.text)}</pre>
</article>`

/** Splits at a capturing group: every second part is a URL. */
const withLinks = (text: string): (Html | string)[] =>
  text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, i) => (i % 2 === 1 ? html`<a href="${part}">${part}</a>` : part))

export const previewsPage = (names: readonly string[]): string =>
  page({
    title: 'Previews of all mails',
    styleSheet: STYLE_SHEET,
    body: html`<h1>Previews of all mails</h1>
<nav class="actions" aria-label="Inbox"><a href="/dev/mail">Development inbox</a></nav>
<ul class="previews">${names.map(
      (name) =>
        html`<li><a href="/dev/mail/preview/${name}">${name}</a> · <a href="/dev/mail/preview/${name}?part=text">as text</a></li>
`,
    )}</ul>`,
  })
