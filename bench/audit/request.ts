import { randomUUID } from 'node:crypto'
import { type Context, runInContext } from '../../src/lib/audit/context.js'
import { redact, redactText } from '../../src/lib/audit/redact.js'

const USER_ID = randomUUID()

/** The headers of a browser behind a proxy. */
const HEADERS = {
  host: 'api.example.com',
  connection: 'keep-alive',
  'content-type': 'application/json',
  'content-length': '52',
  accept: 'application/json, text/plain, */*',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en-GB,en;q=0.9,de;q=0.8',
  authorization: `Bearer eyJ${'x'.repeat(400)}.eyJ${'y'.repeat(100)}.${'z'.repeat(80)}`,
  origin: 'https://app.example.com',
  referer: 'https://app.example.com/settings/profile?tab=name',
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36',
  'x-forwarded-for': '203.0.113.7',
}
const BODY = { firstName: 'Ada', lastName: 'Lovelace', newsletter: false }

/** Runs `work` in a new request context, as the API runs a handler. */
export function inRequest<T>(work: () => T): T {
  const requestId = randomUUID()
  const context: Context = {
    actor: 'user',
    userId: USER_ID,
    requestId,
    describeRequest: () => ({
      method: 'PATCH',
      url: redactText('/api/v1/me?source=settings'),
      ip: '203.0.113.7',
      headers: redact(HEADERS),
      body: redact(BODY),
      args: { params: redact({}), query: redact({ source: 'settings' }) },
    }),
  }
  return runInContext(context, work)
}
