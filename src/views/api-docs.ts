import { html } from 'ghtml'

/** Where the API documentation shows an operation: without a front end that is the place to try it. */
export const operationUrl = (operationId: string): string => `/api-docs#/Authentication/${operationId}`

export const signInNext: string = html`<p><a class="button" href="${operationUrl('signIn')}">Sign in</a></p>
<p class="note">The button leads to the API documentation, where you can sign in and try everything out.</p>`
