import { html } from 'ghtml'
import { page } from './layout.js'

/** Where the documentation is closed: for people who came by the address of the server, or from a mail. */
export const homePage = (frontendUrl: string | undefined): string =>
  page({
    title: 'API',
    body: html`<article class="card">
<h1>This is the API of Groundwork</h1>
<p>It is for programs. You sign in with the application that uses it.</p>
!${frontendUrl === undefined ? '' : html`<p><a class="button" href="${frontendUrl}">Open the application</a></p>`}
<p class="note">You have forgotten your password, or somebody else may know it? <a href="/forgot-password">Ask for a new one</a>.</p>
</article>`,
  })
