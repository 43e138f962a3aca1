import { type OrganizationRole, ROLE_PHRASES } from '../lib/auth/roles.js'
import { type Html, html } from '../lib/http/html.js'
import { signInNext } from './api-docs.js'
import { page } from './layout.js'
import { accountField, fieldError, passwordFields } from './password-fields.js'

export type InvitationFields = Partial<Record<'firstName' | 'lastName' | 'password', string>>

type Invitation = {
  token: string
  email: string
  organization: string
  role: OrganizationRole
  /** There is an account with this address: the page asks for no name and password. */
  hasAccount: boolean
  /** Why the last attempt was refused, by field. */
  refusals?: InvitationFields | undefined
  /** The input of the last attempt. A password is not repeated. */
  typed?: Omit<InvitationFields, 'password'> | undefined
}

const TITLE = 'You have been invited'

export const invitationPage = (invitation: Invitation): string =>
  page({
    title: invitation.refusals ? `Error: ${TITLE}` : TITLE,
    body: html`<article class="card">
<h1>${TITLE}</h1>
<p>Join the organization <strong>${invitation.organization}</strong> as ${ROLE_PHRASES[invitation.role]}. The invitation was sent to <strong>${invitation.email}</strong>${invitation.hasAccount ? ', the address of your account.' : '.'}</p>
${!invitation.hasAccount && html`<p>You do not have an account with this address yet. Enter your name and choose a password to create one.</p>`}
<form method="post" action="/accept-invitation">
<input type="hidden" name="token" value="${invitation.token}">
${!invitation.hasAccount && accountFields(invitation)}
<button type="submit">Accept the invitation</button>
</form>
<p class="note">If you do not know who invited you, close this page: you only join when you accept.</p>
</article>`,
  })

const accountFields = ({ email, refusals = {}, typed = {} }: Invitation): Html => html`${accountField(email)}
${nameField('firstName', 'First name', 'given-name', refusals, typed)}
${nameField('lastName', 'Last name', 'family-name', refusals, typed)}
${passwordFields({ label: 'Password', refusal: refusals.password })}`

function nameField(
  name: 'firstName' | 'lastName',
  label: string,
  autocomplete: string,
  { [name]: refusal }: InvitationFields,
  { [name]: value = '' }: InvitationFields,
): Html {
  const marks = refusal && html`aria-describedby="${name}Refusal" aria-invalid="true" autofocus`
  return html`<div class="field">
<label for="${name}">${label}</label>
${refusal && fieldError(`${name}Refusal`, refusal)}
<input id="${name}" name="${name}" value="${value}" autocomplete="${autocomplete}" required maxlength="100" ${marks}>
</div>`
}

type Accepted = { organization: string; hasApiDocs: boolean }

export const invitationAcceptedPage = ({ organization, hasApiDocs }: Accepted): string =>
  page({
    title: 'You have joined',
    body: html`<article class="card done">
<h1>You have joined</h1>
<p>You are now part of <strong>${organization}</strong>.</p>
${signInNext(hasApiDocs)}
</article>`,
  })
