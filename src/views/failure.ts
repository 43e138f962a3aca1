import { html } from 'ghtml'
import type { Static } from 'typebox'
import type { Problem } from '../lib/schema/problem-schema.js'
import { page } from './layout.js'

type Words = { title: string; text: string }

/** Where the words of the API's answer would mean nothing to somebody who only followed a link. */
const WORDS: Record<string, Words> = {
  VALIDATION_FAILED: {
    title: 'This link is not complete',
    text: 'Something is missing from it or does not belong there. Open it once more from the mail, or copy it whole.',
  },
  EMAIL_TAKEN: {
    title: 'This address is taken',
    text: 'Another account has this e-mail address by now, so yours keeps the one it has.',
  },
  PAYLOAD_TOO_LARGE: {
    title: 'That was too much',
    text: 'The form was larger than we accept. Go back and enter less.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    title: 'This form cannot be read',
    text: 'It did not arrive as a browser sends it. Open the link from the mail once more.',
  },
  RATE_LIMITED: {
    title: 'Please wait a moment',
    text: 'There were too many requests in a short time. Try again in a minute.',
  },
  SERVICE_UNAVAILABLE: {
    title: 'We will be back shortly',
    text: 'We cannot answer for the moment. Please try again in a minute.',
  },
  INTERNAL_ERROR: {
    title: 'Something went wrong',
    text: 'It is our mistake, not yours. Please try again in a few minutes.',
  },
}

export function failurePage({ code, detail, requestId }: Static<typeof Problem>): string {
  const { title, text } = WORDS[code] ?? { title: 'This did not work', text: detail }
  return page({
    title,
    body: html`<article class="card failed">
<h1>${title}</h1>
<p>${text}</p>
<p class="note">If it goes on, tell us this number, and we can find out what happened: <code>${requestId}</code></p>
</article>`,
  })
}
