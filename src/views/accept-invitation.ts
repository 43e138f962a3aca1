import { html } from 'ghtml'
import type { OrganizationRole } from '../lib/auth/roles.js'
import { signInNext } from './api-docs.js'
import { page } from './layout.js'
import { accountField, fieldError, passwordFields } from './password-fields.js'

export type InvitationFields = Partial<Record<'firstName' | 'lastName' | 'password', string>>

type Invitation = {
  token: string
  email: string
  organization: string
  role: OrganizationRole
  hasAccount: boolean
  /** Why the last try was refused, by field. */
  refusals?: InvitationFields | undefined
  /** What was typed then. */
  typed?: Omit<InvitationFields, 'password'> | undefined
}

const TITLE = 'You are invited'

const AS: Record<OrganizationRole, string> = { org_admin: 'one of its administrators', member: 'a member' }

export const invitationPage = (invitation: Invitation): string =>
  page({
    title: invitation.refusals ? `Error: ${TITLE}` : TITLE,
    body: html`<article class="card">
<h1>${TITLE}</h1>
<p>To the organization <strong>${invitation.organization}</strong>, as ${AS[invitation.role]}. The invitation is for <strong>${invitation.email}</strong>${invitation.hasAccount ? ', and so for the account that you have here.' : '.'}</p>
!${invitation.hasAccount ? '' : '<p>There is no account with this address yet: choose a name and a password, and it is ready.</p>'}
<form method="post" action="/accept-invitation">
<input type="hidden" name="token" value="${invitation.token}">
!${invitation.hasAccount ? '' : accountFields(invitation)}
<button type="submit">Accept the invitation</button>
</form>
<p class="note">If you do not know who invites you, close this page: you only become part of it when you accept.</p>
</article>`,
  })

const accountFields = ({
  email,
  refusals = {},
  typed = {},
}: Invitation): string => html`!${accountField(email)}
!${nameField('firstName', 'First name', 'given-name', refusals, typed)}
!${nameField('lastName', 'Last name', 'family-name', refusals, typed)}
!${passwordFields({ label: 'Password', refusal: refusals.password })}`

function nameField(
  name: 'firstName' | 'lastName',
  label: string,
  autocomplete: string,
  { [name]: refusal }: InvitationFields,
  { [name]: value = '' }: InvitationFields,
): string {
  const marks = refusal ? `aria-describedby="${name}Refusal" aria-invalid="true" autofocus` : ''
  return html`<div class="field">
<label for="${name}">${label}</label>
!${refusal ? fieldError(`${name}Refusal`, refusal) : ''}
<input id="${name}" name="${name}" value="${value}" autocomplete="${autocomplete}" required maxlength="100" !${marks}>
</div>`
}

type Accepted = { organization: string; hasApiDocs: boolean }

export const invitationAcceptedPage = ({ organization, hasApiDocs }: Accepted): string =>
  page({
    title: 'You have joined',
    body: html`<article class="card done">
<h1>You have joined</h1>
<p>You belong to <strong>${organization}</strong> now.</p>
!${signInNext(hasApiDocs)}
</article>`,
  })
