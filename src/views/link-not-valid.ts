import { html } from '../lib/http/html.js'
import { operationLink } from './api-docs.js'
import { page } from './layout.js'

/**
 * The same page for links that are unknown, expired, used, void or made for another purpose, so that it does
 * not reveal which of these is the case.
 */
export const linkNotValidPage = (hasApiDocs: boolean): string => {
  const link = (operationId: string, text: string) => operationLink(hasApiDocs, operationId, text)
  return page({
    title: 'This link is no longer valid',
    body: html`<article class="card failed">
<h1>This link is no longer valid</h1>
<p>It has been used already, it has expired, or your account has changed since it was sent. Each link works once.</p>
<h2>What you can do</h2>
<ul>
<li>Did you just use it? Then it worked, and you can ${link('signIn', 'sign in')}.</li>
<li>Did you ask for more than one link? Open the one in the newest mail.</li>
<li>Were you invited? Ask the person who invited you to send a new invitation.</li>
<li>Otherwise ask for a new link: ${link('resendVerification', 'to confirm your address')} or <a href="/forgot-password">to set a new password</a>.</li>
</ul>
</article>`,
  })
}
