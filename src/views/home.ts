import { html } from '../lib/http/html.js'
import { PRODUCT } from '../lib/product.js'
import { page } from './layout.js'

/**
 * The page at `/` when there is no public documentation: for people who enter the address of the server or
 * come from a mail. `frontendUrl` is undefined without a front end.
 */
export const homePage = (frontendUrl: string | undefined): string =>
  page({
    title: 'API',
    body: html`<article class="card">
<h1>This is the API of ${PRODUCT.title}</h1>
<p>It is made for programs. To sign in, use the application.</p>
${frontendUrl !== undefined && html`<p><a class="button" href="${frontendUrl}">Open the application</a></p>`}
<p class="note">Have you forgotten your password, or might someone else know it? <a href="/forgot-password">Ask for a new one</a>.</p>
</article>`,
  })
