import { type Html, html } from '../lib/http/html.js'

/** The path of Swagger UI, which is served only when the documentation is public. */
export const API_DOCS_PATH = '/api-docs'

/**
 * Links to an operation with the tag Authentication in Swagger UI, where it can be tried without a front end.
 * Returns `text` unlinked when there is no Swagger UI.
 */
export const operationLink = (hasApiDocs: boolean, operationId: string, text: string): Html | string =>
  hasApiDocs ? html`<a href="${API_DOCS_PATH}#/Authentication/${operationId}">${text}</a>` : text

/** The last lines of a page after which the user signs in. */
export const signInNext = (hasApiDocs: boolean): Html =>
  hasApiDocs
    ? html`<p><a class="button" href="${API_DOCS_PATH}#/Authentication/signIn">Sign in</a></p>
<p class="note">The button opens the API documentation, where you can sign in and try everything out.</p>`
    : html`<p class="note">You can close this page and sign in.</p>`
