import { html } from 'ghtml'

/** Where the documentation is, unless it is closed. */
export const API_DOCS_PATH = '/api-docs'

/** A link to an operation there: without a front end that is the place to try it. Plain words, where it is closed. */
export const operationLink = (hasApiDocs: boolean, operationId: string, words: string): string =>
  hasApiDocs ? html`<a href="${API_DOCS_PATH}#/Authentication/${operationId}">${words}</a>` : words

export const signInNext = (hasApiDocs: boolean): string =>
  hasApiDocs
    ? html`<p><a class="button" href="${API_DOCS_PATH}#/Authentication/signIn">Sign in</a></p>
<p class="note">The button leads to the API documentation, where you can sign in and try everything out.</p>`
    : html`<p class="note">You can close this page, and sign in.</p>`
