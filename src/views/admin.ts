import { COOKIE_SESSION_HOURS } from '../lib/auth/session-cookie.js'
import { html } from '../lib/http/html.js'
import { page } from './layout.js'

type SignInForm = {
  /** The path to open after signing in. */
  next: string
  /** The address of the last attempt. A password is not repeated. */
  email?: string
  /** Why the last attempt was refused. */
  refusal?: string
}

const INVALID = html` aria-describedby="refusal" aria-invalid="true"`
const TITLE = 'Sign in to the dashboard'

export const signInPage = ({ next, email = '', refusal }: SignInForm): string =>
  page({
    // Screen readers read the title first.
    title: refusal ? `Error: ${TITLE}` : TITLE,
    body: html`<article class="card">
<h1>${TITLE}</h1>
<p>For administrators only. You stay signed in for up to ${COOKIE_SESSION_HOURS} hours, in this browser only.</p>
<form method="post" action="/admin/sign-in">
<input type="hidden" name="next" value="${next}">
<div class="field">
<label for="email">E-mail address</label>
${refusal && html`<p class="error" id="refusal"><span class="visually-hidden">Error: </span>${refusal}</p>`}
<input id="email" name="email" type="email" autocomplete="username" required value="${email}"${refusal && INVALID}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${refusal && INVALID}>
</div>
<button type="submit">Sign in</button>
</form>
</article>`,
  })

export const signOutPage = (email: string): string =>
  page({
    title: 'Sign out',
    body: html`<article class="card">
<h1>Sign out of the dashboard?</h1>
<p>You are signed in as <strong>${email}</strong>.</p>
<form method="post" action="/admin/sign-out">
<button type="submit">Sign out</button>
</form>
<p class="note"><a href="/admin/queues">Back to the dashboard</a></p>
</article>`,
  })

export const notAllowedPage = (): string =>
  page({
    title: 'You do not have access',
    body: html`<article class="card failed">
<h1>You do not have access</h1>
<p>The dashboard is for administrators. Your account is not an administrator account.</p>
<form method="post" action="/admin/sign-out">
<button type="submit">Sign out</button>
</form>
</article>`,
  })
