import { html } from 'ghtml'
import { signInNext } from './api-docs.js'
import { page } from './layout.js'
import { accountField, passwordFields } from './password-fields.js'

type PasswordForm = {
  token: string
  email: string
  /** The account has no password yet. */
  isFirst: boolean
  /** Why the last try was refused. */
  refusal?: string | undefined
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
!${passwordFields({ label: isFirst ? 'Password' : 'New password', refusal })}
<button type="submit">Set the password</button>
</form>
<p class="note">${otherwise}</p>
</article>`,
  })
}

export const passwordSetPage = ({ hasApiDocs }: { hasApiDocs: boolean }): string =>
  page({
    title: 'Your password is set',
    body: html`<article class="card done">
<h1>Your password is set</h1>
<p>Use it the next time you sign in. Wherever your account was signed in, it is signed out now.</p>
!${signInNext(hasApiDocs)}
</article>`,
  })
