import type { Answer } from './client.js'

const MEMBERS = ['type', 'title', 'status', 'code', 'detail', 'requestId']
const MAX_FIELD_ERRORS = 50

type Expected = {
  status: number
  code?: string
  /** The fields that `errors` must name. */
  paths?: string[]
}

/**
 * Describes what is wrong with an error answer (RFC 9457 and the API's conventions); undefined when
 * nothing is. Tests that go through a table collect these.
 */
export function findMistake(answer: Answer, { status, code, paths }: Expected): string | undefined {
  const { headers, body, text } = answer
  const members = Object.keys(body ?? {}).filter((name) => name !== 'errors')
  const errors: { path: unknown; message: unknown }[] = body?.errors ?? []
  const named = [...new Set(errors.map(({ path }) => path))]
  const mistakes = [
    answer.status !== status && `status ${answer.status} instead of ${status}`,
    headers['content-type'] !== 'application/problem+json' && `type ${headers['content-type']}`,
    headers['cache-control'] !== 'no-store' && 'is cacheable',
    String(members) !== String(MEMBERS) && `members ${members}`,
    body?.status !== answer.status && `body.status ${body?.status}`,
    !/^[A-Z]+(_[A-Z]+)*$/.test(body?.code) && `code ${body?.code}`,
    code !== undefined && body?.code !== code && `code ${body?.code} instead of ${code}`,
    body?.requestId !== headers['x-request-id'] && 'a request id other than in the header',
    [body?.title, body?.detail].some((member) => typeof member !== 'string' || member === '') &&
      'has no title or detail',
    errors.length > MAX_FIELD_ERRORS && `${errors.length} errors`,
    errors.some(({ path, message }) => typeof path !== 'string' || typeof message !== 'string') &&
      'malformed errors',
    paths && String(named) !== String(paths) && `errors name ${named}`,
    /\bat .*:\d+:\d+|node_modules|postgres|drizzle/i.test(text) && 'shows internals',
  ]
  const found = mistakes.filter((mistake) => mistake !== false && mistake !== undefined)
  return found.length > 0 ? `${found.join(', ')}: ${text.slice(0, 300)}` : undefined
}

/**
 * Describes what is wrong with an answer that may succeed or be refused, but must not be a failure
 * of the server.
 */
export function findFailure(answer: Answer): string | undefined {
  if (answer.status >= 500) return `status ${answer.status}: ${answer.text.slice(0, 300)}`
  return answer.status >= 400 ? findMistake(answer, { status: answer.status }) : undefined
}
