import { html } from '../lib/http/html.js'
import { page } from './layout.js'

const TITLE = 'Ask for a new password'

type ForgotPasswordForm = {
  /** The input of the last attempt, if it was not an e-mail address. */
  refused?: string
}

export const forgotPasswordPage = ({ refused }: ForgotPasswordForm = {}): string =>
  page({
    // Screen readers read the title first.
    title: refused === undefined ? TITLE : `Error: ${TITLE}`,
    body: html`<article class="card">
<h1>${TITLE}</h1>
<p>Enter the address of your account. We will send you a link to choose a new password.</p>
<form method="post" action="/forgot-password">
<div class="field">
<label for="email">E-mail address</label>
${refused !== undefined && REFUSAL}
<input id="email" name="email" type="email" autocomplete="username" required value="${refused}"${refused !== undefined && INVALID}>
</div>
<button type="submit">Send the link</button>
</form>
</article>`,
  })

const REFUSAL = html`<p class="error" id="refusal"><span class="visually-hidden">Error: </span>Enter an e-mail address, such as ada@example.com.</p>`
const INVALID = html` aria-describedby="refusal" aria-invalid="true" autofocus`

/** The same page with and without an account, so that it does not reveal which addresses have one. */
export const linkSentPage = (email: string): string =>
  page({
    title: 'Check your mailbox',
    body: html`<article class="card done">
<h1>Check your mailbox</h1>
<p>If there is an account with the address <strong>${email}</strong>, we have sent it a link.</p>
<p class="note">No mail after a few minutes? Check your spam folder, or <a href="/forgot-password">try another address</a>.</p>
</article>`,
  })
