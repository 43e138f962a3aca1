import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { corsHeaders } from './cors.js'
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem.js'
import { SECURITY_HEADERS } from './security-headers.js'

/** For a method that Node does not know there is no path either: what this server can do at all. */
const METHODS = 'GET, HEAD, POST, PATCH, DELETE, OPTIONS'

const STATUSES: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

type ClientError = Error & { code?: string; rawPacket?: unknown }

const isUnknownMethod = ({ code, rawPacket }: ClientError): boolean =>
  code === 'HPE_INVALID_METHOD' &&
  rawPacket instanceof Buffer &&
  /^[A-Z]+ \S+ HTTP\/1/i.test(rawPacket.toString('latin1'))

/** For the answer to arrive. Whoever does not hang up then is hung up on: a slow client would keep its connection else. */
const LINGER_MS = 1_000

/** Of what had arrived when it went wrong: where the header comes later, or the packet before, nothing is known of it. */
function originOf({ rawPacket }: ClientError): string | undefined {
  if (!(rawPacket instanceof Buffer)) return undefined
  const [head = ''] = rawPacket.toString('latin1').split('\r\n\r\n', 1)
  const line = head.split('\r\n').find((text) => /^origin:/i.test(text))
  return line?.slice('origin:'.length).trim()
}

/**
 * Answers what is no HTTP request, and so never becomes one in Fastify; the connection ends with it. `origins` are those whose
 * pages may read the answer.
 */
export const clientErrorHandler = (origins: readonly string[]) =>
  function answerClientError(error: ClientError, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const requestId = randomUUID()
    const statusCode = STATUSES[error.code ?? ''] ?? (isUnknownMethod(error) ? 405 : 400)
    const body = JSON.stringify(
      toProblem({ statusCode, message: 'This is not a valid HTTP request.' }, requestId),
    )
    const headers = {
      'x-request-id': requestId,
      ...SECURITY_HEADERS,
      ...corsHeaders(origins, originOf(error)),
      ...(statusCode === 405 && { allow: METHODS }),
      connection: 'close',
      'content-type': PROBLEM_MEDIA_TYPE,
      'content-length': Buffer.byteLength(body),
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
    socket.end([`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`, ...lines, '', body].join('\r\n'))
  }
