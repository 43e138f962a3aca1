import { html } from 'ghtml'
import { operationLink } from './api-docs.js'
import { page } from './layout.js'

/** One page for a link that is unknown, expired, used, void or made for something else: it tells none of these apart. */
export const linkNotValidPage = (hasApiDocs: boolean): string => {
  const link = (operationId: string, words: string) => operationLink(hasApiDocs, operationId, words)
  return page({
    title: 'This link is not valid any more',
    body: html`<article class="card failed">
<h1>This link is not valid any more</h1>
<p>It was used, it is too old, or it was withdrawn, as links are when the account changes. Each link works once.</p>
<h2>What you can do</h2>
<ul>
<li>You have just used it? Then it has worked, and you can !${link('signIn', 'sign in')}.</li>
<li>You have asked more than once? Open the link in the newest mail.</li>
<li>You were invited? Ask whoever invited you to do it once more.</li>
<li>Otherwise ask for a new one: !${link('resendVerification', 'to confirm your address')} or <a href="/forgot-password">to set a new password</a>.</li>
</ul>
</article>`,
  })
}
