import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../lib/auth/passwords.js'
import { type Html, type HtmlContent, html } from '../lib/http/html.js'

type PasswordFields = {
  label: string
  /**
   * Why the last attempt was refused. Shown at the first field; both
   * are marked, because both are empty again.
   */
  refusal?: string | undefined
}

const RULES = `${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters of any kind. Do not use a common password, your name or your address. Four or five unrelated words work well.`

/** Two fields for a new password. They are always empty: a page must not contain a password. */
export const passwordFields = ({ label, refusal }: PasswordFields): Html => html`<div class="field">
<label for="password">${label}</label>
<p class="hint" id="rules">${RULES}</p>
${refusal && fieldError('refusal', refusal)}
${passwordField('password', refusal ? html`aria-describedby="rules refusal" aria-invalid="true" autofocus` : html`aria-describedby="rules"`)}
</div>
<div class="field">
<label for="passwordRepeat">Repeat the password</label>
${passwordField('passwordRepeat', refusal && html`aria-describedby="refusal" aria-invalid="true"`)}
</div>`

export const fieldError = (id: string, text: string): Html =>
  html`<p class="error" id="${id}"><span class="visually-hidden">Error: </span>${text}</p>`

/**
 * Tells password managers which account the password is for. It has no `name`, so browsers do not send it.
 */
export const accountField = (email: string): Html =>
  html`<input type="email" autocomplete="username" value="${email}" readonly hidden>`

/** No `maxlength`: browsers would silently truncate a longer password. */
const passwordField = (name: string, attributes: HtmlContent): Html =>
  html`<input id="${name}" name="${name}" type="password" autocomplete="new-password" required minlength="${PASSWORD_MIN_LENGTH}" ${attributes}>`
