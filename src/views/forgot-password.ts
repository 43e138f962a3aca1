import { html } from 'ghtml'
import { page } from './layout.js'

const TITLE = 'Ask for a new password'

type ForgotPasswordForm = {
  /** What was typed, where that is no address. */
  refused?: string
}

export const forgotPasswordPage = ({ refused }: ForgotPasswordForm = {}): string =>
  page({
    // The title is what a screen reader says first.
    title: refused === undefined ? TITLE : `Error: ${TITLE}`,
    body: html`<article class="card">
<h1>${TITLE}</h1>
<p>We send a link to the address of your account. With it you choose a new password.</p>
<form method="post" action="/forgot-password">
<div class="field">
<label for="email">E-mail address</label>
!${refused === undefined ? '' : REFUSAL}
<input id="email" name="email" type="email" autocomplete="username" required value="${refused ?? ''}"!${refused === undefined ? '' : INVALID}>
</div>
<button type="submit">Send the link</button>
</form>
</article>`,
  })

const REFUSAL = html`<p class="error" id="refusal"><span class="visually-hidden">Error: </span>Enter an e-mail address, such as ada@example.com.</p>`
const INVALID = ' aria-describedby="refusal" aria-invalid="true" autofocus'

/** The same whether there is an account or not. */
export const linkSentPage = (email: string): string =>
  page({
    title: 'Look into your mailbox',
    body: html`<article class="card done">
<h1>Look into your mailbox</h1>
<p>If there is an account with the address <strong>${email}</strong>, a link is on its way to it.</p>
<p class="note">Nothing has come after some minutes? Look among the unwanted mails, or <a href="/forgot-password">try another address</a>.</p>
</article>`,
  })
