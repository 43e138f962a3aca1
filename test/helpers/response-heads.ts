import { SECURITY_HEADERS } from '../../src/lib/http/security-headers.js'

/** By name, in lower case. Undefined: the response must not have it. */
export type ExpectedHeaders = Record<string, string | RegExp | undefined>

/** What every response has, if the request ends its connection. */
const ALWAYS: ExpectedHeaders = {
  ...SECURITY_HEADERS,
  'x-request-id': /^[\w-]{1,64}$/,
  date: /GMT$/,
  connection: 'close',
}

/** Describes how the head of a response differs; undefined when it has exactly these headers, each once. */
export function findDifference(
  response: string,
  status: number,
  own: ExpectedHeaders = {},
): string | undefined {
  const [head = ''] = response.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '').split('\r\n\r\n', 1)
  const [statusLine = '', ...lines] = head.split('\r\n')
  const missing = new Map(Object.entries({ ...ALWAYS, ...own }).filter(([, value]) => value !== undefined))
  const unexpected = lines.filter((line) => {
    const [, name = '', value = ''] = /^([\w-]+): (.*)$/.exec(line) ?? []
    const expected = missing.get(name.toLowerCase())
    const isExpected = expected instanceof RegExp ? expected.test(value) : expected === value
    if (isExpected) missing.delete(name.toLowerCase())
    return !isExpected
  })
  const found = [
    !statusLine.startsWith(`HTTP/1.1 ${status} `) && statusLine,
    ...unexpected.map((line) => `has ${line}`),
    ...[...missing].map(([name, value]) => `lacks ${name}: ${value}`),
  ].filter((each) => each !== false)
  return found.length > 0 ? found.join('; ') : undefined
}
