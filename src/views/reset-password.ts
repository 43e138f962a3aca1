import { html } from 'ghtml'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../lib/passwords.js'
import { signInNext } from './api-docs.js'
import { page } from './layout.js'

type PasswordForm = {
  token: string
  email: string
  /** The account has no password yet. */
  isFirst: boolean
  /** Why the last try was refused. Both fields are empty again, so it is told at the first and marks both. */
  refusal?: string
}

const FIRST = {
  title: 'Choose your password',
  effect: 'Your account becomes active with it.',
  otherwise:
    'If you know nothing of this account, close this page: nothing happens unless you set a password.',
}

const NEXT = {
  title: 'Choose a new password',
  effect: 'Every device that is signed in to it will then have to sign in again.',
  otherwise: 'If you did not ask for this, close this page: your password stays as it is.',
}

/** Nothing that was typed comes back: a password belongs in no page. */
export function newPasswordPage({ token, email, isFirst, refusal }: PasswordForm): string {
  const { title, effect, otherwise } = isFirst ? FIRST : NEXT
  // The title is what a screen reader says first.
  return page({
    title: refusal ? `Error: ${title}` : title,
    body: html`<article class="card">
<h1>${title}</h1>
<p>For the account <strong>${email}</strong>. ${effect}</p>
<form method="post" action="/reset-password">
<input type="hidden" name="token" value="${token}">
!${accountField(email)}
<div class="field">
<label for="password">${isFirst ? 'Password' : 'New password'}</label>
<p class="hint" id="rules">${RULES}</p>
!${refusal ? html`<p class="error" id="refusal"><span class="visually-hidden">Error: </span>${refusal}</p>` : ''}
!${passwordField('password', refusal ? 'aria-describedby="rules refusal" aria-invalid="true" autofocus' : 'aria-describedby="rules"')}
</div>
<div class="field">
<label for="passwordRepeat">The same password again</label>
!${passwordField('passwordRepeat', refusal ? 'aria-describedby="refusal" aria-invalid="true"' : '')}
</div>
<button type="submit">Set the password</button>
</form>
<p class="note">${otherwise}</p>
</article>`,
  })
}

const RULES = `${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters of any kind. Not a well-known password, and without your name or address. Four or five unrelated words do well.`

/** Password managers learn from it what to file the password under. Without a name, so it is not sent. */
const accountField = (email: string): string =>
  html`<input type="email" autocomplete="username" value="${email}" readonly hidden>`

/** No `maxlength`: a browser would cut a longer password off without a word. */
const passwordField = (name: string, attributes: string): string =>
  html`<input id="${name}" name="${name}" type="password" autocomplete="new-password" required minlength="${PASSWORD_MIN_LENGTH}" !${attributes}>`

export const passwordSetPage = (): string =>
  page({
    title: 'Your password is set',
    body: html`<article class="card done">
<h1>Your password is set</h1>
<p>Use it the next time you sign in. Wherever your account was signed in, it is signed out now.</p>
!${signInNext}
</article>`,
  })
