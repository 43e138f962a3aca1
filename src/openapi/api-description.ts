/** What stands above the operations in the API documentation; Markdown. */
const API_DESCRIPTION = `**Try it:** run *Sign in* below with your e-mail address and password, copy the \`accessToken\` from the answer,
press **Authorize**, paste it, and every operation on this page can be called.

- **Tokens**: \`Authorization: Bearer <accessToken>\`. An access token is short-lived; the keys that it is verified with are at \`/.well-known/jwks.json\`.
- **Roles**: \`x-permission\` is what an operation needs of a member of the organization, \`x-role\` what it needs of the account.
- **Input** is JSON. Unknown fields and parameters are refused, and no type is converted.
- **Ids** are UUIDv7, **times** ISO 8601 in UTC with milliseconds.
- **Lists** are \`{ data, nextCursor }\`: repeat the request with \`cursor\` set to \`nextCursor\` for the next page, until it is \`null\`.
- **Errors** are \`application/problem+json\` (RFC 9457). Decide by \`code\`, which is stable; \`errors\` names every field that was refused.
- **Limits**: \`RateLimit-Policy: "login";q=10;w=60\` tells how many requests are allowed in how many seconds, \`RateLimit: "login";r=9;t=60\` what
  remains. After a 429 \`RATE_LIMITED\` wait for the seconds of \`Retry-After\`. \`x-rate-limit\` has the limits of each operation; a server with
  \`RATE_LIMIT=off\` tells them, too, and keeps to none.
- **\`x-request-id\`** is on every answer, and in our logs. Yours is kept when it is a UUID or up to 64 of \`A-Za-z0-9_-\`.`

export const API_INFO = {
  title: 'Groundwork API',
  description: API_DESCRIPTION,
  license: { name: 'MIT', identifier: 'MIT' },
}
