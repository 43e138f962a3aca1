import { PRODUCT } from '../lib/product.js'

/** The introduction of the API documentation, in Markdown. */
const API_DESCRIPTION = `**Try it:** run *Sign in* below with your e-mail address and password, copy the \`accessToken\` from the response,
press **Authorize** and paste it. Then you can call every operation on this page.

- **Tokens**: \`Authorization: Bearer <accessToken>\`. An access token is short-lived. The keys to verify it are at \`/.well-known/jwks.json\`.
- **Roles**: \`x-permission\` is the permission that an operation requires in the organization, \`x-role\` the role of the account.
- **Input** is JSON. Unknown fields and parameters are refused, and no type is converted.
- **Ids** are UUIDv7, **times** ISO 8601 in UTC with milliseconds.
- **Lists** are \`{ data, nextCursor }\`. For the next page, repeat the request with \`cursor\` set to \`nextCursor\`, until it is \`null\`.
- **Errors** are \`application/problem+json\` (RFC 9457). Rely on \`code\`, which is stable. \`errors\` lists every refused field.
- **Limits**: \`RateLimit-Policy: "login";q=10;w=60\` means 10 requests in 60 seconds, \`RateLimit: "login";r=9;t=60\` that 9 remain
  and that the limit resets in 60 seconds. After a 429 \`RATE_LIMITED\`, wait for the seconds of \`Retry-After\`. \`x-rate-limit\` has the limits of
  each operation, even if the server does not enforce them (\`RATE_LIMIT=off\`).
- **\`x-request-id\`** is in every response and in our logs. Your own is kept if it has 1 to 64 of the characters \`A-Za-z0-9_-\`, such as a UUID.`

export const API_INFO = {
  title: `${PRODUCT.title} API`,
  description: API_DESCRIPTION,
  license: { name: 'MIT', identifier: 'MIT' },
}
