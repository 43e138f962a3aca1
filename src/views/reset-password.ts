import { html } from '../lib/http/html.js'
import { signInNext } from './api-docs.js'
import { page } from './layout.js'
import { accountField, passwordFields } from './password-fields.js'

type PasswordForm = {
  token: string
  email: string
  /** The account has no password yet. */
  isFirst: boolean
  /** Why the last attempt was refused. */
  refusal?: string | undefined
}

const FIRST_PASSWORD = {
  title: 'Choose your password',
  effect: 'This activates your account.',
  otherwise:
    'If you do not know about this account, close this page: nothing happens unless you set a password.',
}

const NEW_PASSWORD = {
  title: 'Choose a new password',
  effect: 'This signs out all your devices.',
  otherwise: 'If you did not ask for this, close this page: your password stays as it is.',
}

export function newPasswordPage({ token, email, isFirst, refusal }: PasswordForm): string {
  const { title, effect, otherwise } = isFirst ? FIRST_PASSWORD : NEW_PASSWORD
  // Screen readers read the title first.
  return page({
    title: refusal ? `Error: ${title}` : title,
    body: html`<article class="card">
<h1>${title}</h1>
<p>For the account <strong>${email}</strong>. ${effect}</p>
<form method="post" action="/reset-password">
<input type="hidden" name="token" value="${token}">
${accountField(email)}
${passwordFields({ label: isFirst ? 'Password' : 'New password', refusal })}
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
<p>Use it the next time you sign in. All your devices have been signed out.</p>
${signInNext(hasApiDocs)}
</article>`,
  })
