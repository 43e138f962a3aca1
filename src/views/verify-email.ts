import { html } from '../lib/http/html.js'
import { PRODUCT } from '../lib/product.js'
import { signInNext } from './api-docs.js'
import { page } from './layout.js'

type Confirmation = { token: string; email: string }

export const confirmEmailPage = ({ token, email }: Confirmation): string =>
  page({
    title: 'Confirm your address',
    body: html`<article class="card">
<h1>Confirm your address</h1>
<p>This link was sent to <strong>${email}</strong>. Is this your address, and should your ${PRODUCT.title} account use it?</p>
<form method="post" action="/verify-email">
<input type="hidden" name="token" value="${token}">
<button type="submit">Confirm this address</button>
</form>
<p class="note">If you have neither signed up nor changed your address, close this page: nothing happens unless you press the button.</p>
</article>`,
  })

export const emailConfirmedPage = ({ hasApiDocs }: { hasApiDocs: boolean }): string =>
  page({
    title: 'Your address is confirmed',
    body: html`<article class="card done">
<h1>Your address is confirmed</h1>
<p>Thank you. From now on you sign in with this address.</p>
${signInNext(hasApiDocs)}
</article>`,
  })
