// No library serves: helmet sets the same headers for each response anew, and Node then checks and joins them one by
// one. That takes 1 to 2 µs of CPU time, of some 60 for a `GET /me`.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { SECURITY_HEADERS } from './security-headers.js'

type Headers = Readonly<Record<string, unknown>> | readonly unknown[] | undefined

/** Joins the head of every response. Node does not document it, but has had it since version 0.1. */
type StoreHeader = (this: ServerResponse, statusLine: string, headers: Headers) => void

const { _storeHeader: storeHeader } = ServerResponse.prototype as unknown as { _storeHeader: StoreHeader }

const LINES = new Map(
  Object.entries(SECURITY_HEADERS).map(([name, value]) => [name, `${name}: ${value}\r\n`]),
)
const ALL_LINES = [...LINES.values()].join('')

/**
 * A response whose head begins with the lines of `SECURITY_HEADERS`, joined once. A header of the response itself
 * replaces the constant one of the same name. None can be removed.
 */
export class SecuredResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  _storeHeader(statusLine: string, headers: Headers): void {
    storeHeader.call(this, statusLine + linesBeside(headers), headers)
  }
}

function linesBeside(headers: Headers): string {
  if (Array.isArray(headers)) return linesWithout(namesOf(headers))
  for (const name in headers) if (LINES.has(name.toLowerCase())) return linesWithout(Object.keys(headers))
  return ALL_LINES
}

function linesWithout(names: readonly string[]): string {
  const own = new Set(names.map((name) => name.toLowerCase()))
  return [...LINES].flatMap(([name, line]) => (own.has(name) ? [] : line)).join('')
}

/** `writeHead` takes names and values in turn, or pairs of them. */
const namesOf = (list: readonly unknown[]): string[] =>
  list.flatMap((item, i) => (Array.isArray(item) ? String(item[0]) : i % 2 === 0 ? String(item) : []))

/** False for a version of Node that joins heads in another way. */
const isSecured = (() => {
  const { _header: head } = new SecuredResponse(new IncomingMessage(new Socket())).writeHead(
    200,
  ) as unknown as { _header: unknown }
  return String(head).includes(ALL_LINES)
})()

/** Sets the headers of a response whose head does not have them anyway, such as one of `app.inject`. */
export function setSecurityHeaders(reply: FastifyReply): void {
  if (!isSecured || !(reply.raw instanceof SecuredResponse)) reply.headers(SECURITY_HEADERS)
}
