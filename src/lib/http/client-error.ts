import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { corsHeaders } from './cors.js'
import { PROBLEM_MEDIA_TYPE, toProblem } from './problem.js'
import { SECURITY_HEADERS } from './security-headers.js'

/**
 * For the `Allow` header. Node reports no path with an unknown method, so all methods of the server are
 * listed.
 */
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

/**
 * The time for the response to arrive. After it the connection is closed, so that slow clients cannot
 * keep it.
 */
const LINGER_MS = 1_000

/**
 * Finds the `Origin` header in the packet that caused the error. Returns undefined when the header was
 * in an earlier packet or has not arrived yet.
 */
function originOf({ rawPacket }: ClientError): string | undefined {
  if (!(rawPacket instanceof Buffer)) return undefined
  const [head = ''] = rawPacket.toString('latin1').split('\r\n\r\n', 1)
  const line = head.split('\r\n').find((text) => /^origin:/i.test(text))
  return line?.slice('origin:'.length).trim()
}

/**
 * Returns the handler for bytes that are not valid HTTP, which Fastify never sees. It sends a problem
 * response and closes the connection. `origins` are the allowed origins of CORS.
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
