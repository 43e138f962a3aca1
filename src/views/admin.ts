import { html } from 'ghtml'
import { COOKIE_SESSION_HOURS } from '../lib/auth/session-cookie.js'
import { page } from './layout.js'

type SignInForm = {
  next: string
  email?: string
  /** Why the last try was refused. */
  refusal?: string
}

const INVALID = ' aria-describedby="refusal" aria-invalid="true"'
const TITLE = 'Sign in to the dashboard'

/** Of what was typed only the address comes back: a password belongs in no page. */
export const signInPage = ({ next, email = '', refusal }: SignInForm): string =>
  page({
    // The title is what a screen reader says first.
    title: refusal ? `Error: ${TITLE}` : TITLE,
    body: html`<article class="card">
<h1>${TITLE}</h1>
<p>For administrators. You stay signed in for ${COOKIE_SESSION_HOURS} hours at most, in this browser alone.</p>
<form method="post" action="/admin/sign-in">
<input type="hidden" name="next" value="${next}">
<div class="field">
<label for="email">E-mail address</label>
!${refusal ? html`<p class="error" id="refusal"><span class="visually-hidden">Error: </span>${refusal}</p>` : ''}
<input id="email" name="email" type="email" autocomplete="username" required value="${email}"!${refusal ? INVALID : ''}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required!${refusal ? INVALID : ''}>
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
    title: 'This is not for you',
    body: html`<article class="card failed">
<h1>This is not for you</h1>
<p>The dashboard is for administrators, and your account is none.</p>
<form method="post" action="/admin/sign-out">
<button type="submit">Sign out</button>
</form>
</article>`,
  })
