import { html } from 'ghtml'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../lib/auth/passwords.js'

type PasswordFields = {
  label: string
  /** Why the last try was refused. Both fields are empty again, so it is told at the first and marks both. */
  refusal?: string | undefined
}

const RULES = `${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters of any kind. Not a well-known password, and without your name or address. Four or five unrelated words do well.`

/** A new password, twice. Nothing that was typed comes back: a password belongs in no page. */
export const passwordFields = ({ label, refusal }: PasswordFields): string => html`<div class="field">
<label for="password">${label}</label>
<p class="hint" id="rules">${RULES}</p>
!${refusal ? fieldError('refusal', refusal) : ''}
!${passwordField('password', refusal ? 'aria-describedby="rules refusal" aria-invalid="true" autofocus' : 'aria-describedby="rules"')}
</div>
<div class="field">
<label for="passwordRepeat">The same password again</label>
!${passwordField('passwordRepeat', refusal ? 'aria-describedby="refusal" aria-invalid="true"' : '')}
</div>`

export const fieldError = (id: string, words: string): string =>
  html`<p class="error" id="${id}"><span class="visually-hidden">Error: </span>${words}</p>`

/** Password managers learn from it what to file the password under. Without a name, so it is not sent. */
export const accountField = (email: string): string =>
  html`<input type="email" autocomplete="username" value="${email}" readonly hidden>`

/** No `maxlength`: a browser would cut a longer password off without a word. */
const passwordField = (name: string, attributes: string): string =>
  html`<input id="${name}" name="${name}" type="password" autocomplete="new-password" required minlength="${PASSWORD_MIN_LENGTH}" !${attributes}>`
