import type { Static } from 'typebox'
import { html } from '../lib/http/html.js'
import type { Problem } from '../lib/schema/problem-schema.js'
import { page } from './layout.js'

type Message = { title: string; text: string }

/** By problem code. They replace problem texts that would mean nothing to a person who followed a link. */
const MESSAGES: Record<string, Message> = {
  VALIDATION_FAILED: {
    title: 'This link is not complete',
    text: 'Part of the link is missing, or something was added to it. Open it from the mail again, or copy all of it.',
  },
  EMAIL_TAKEN: {
    title: 'This address is taken',
    text: 'Another account now uses this e-mail address, so your account keeps its old one.',
  },
  PAYLOAD_TOO_LARGE: {
    title: 'That was too much text',
    text: 'The form is too large. Go back and enter less.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    title: 'This form cannot be read',
    text: 'We did not receive it in the format that browsers use. Open the link from the mail again.',
  },
  RATE_LIMITED: {
    title: 'Please wait a moment',
    text: 'There were too many requests in a short time. Try again in a minute.',
  },
  SERVICE_UNAVAILABLE: {
    title: 'We will be back soon',
    text: 'The service is not available at the moment. Please try again in a minute.',
  },
  INTERNAL_ERROR: {
    title: 'Something went wrong',
    text: 'This is our fault, not yours. Please try again in a few minutes.',
  },
}

/** The page for a failed request: the same problem that a client of the API gets as JSON. */
export function failurePage({ code, detail, requestId }: Static<typeof Problem>): string {
  const { title, text } = MESSAGES[code] ?? { title: 'This did not work', text: detail }
  return page({
    title,
    body: html`<article class="card failed">
<h1>${title}</h1>
<p>${text}</p>
<p class="note">If this happens again, send us this number so that we can find the cause: <code>${requestId}</code></p>
</article>`,
  })
}
