import type { FastifyReply, FastifyRequest } from 'fastify'
import { REDACTED, redactText } from '../audit/redact.js'
import type { Attributes, Span, SpanDescription } from './tracing.js'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'])

/** Part of a path, with an address in it. */
const ADDRESS = /[^/]*(?:@|%40)[^/]*/gi

/**
 * The route rather than what a client asks for. Nothing that says who it is: that is in the log and in the audit log, which
 * the trace's id leads to.
 */
export function describeRequest({
  method,
  url,
  protocol,
  raw,
  routeOptions,
}: FastifyRequest): SpanDescription {
  const known = METHODS.has(method) ? method : undefined
  const { url: route } = routeOptions
  const [path = ''] = url.split('?')
  const attributes = {
    'http.request.method': known ?? '_OTHER',
    ...(route !== undefined && { 'http.route': route }),
    'url.scheme': protocol,
    'url.path': redactText(path).replace(ADDRESS, REDACTED),
    'network.protocol.version': raw.httpVersion,
  }
  return { name: [known ?? 'HTTP', route].filter(Boolean).join(' '), kind: 'server', attributes }
}

/** By what the client got: a 4xx is its own mistake. */
export function endRequestSpan(span: Span, { statusCode, raw }: FastifyReply): void {
  if (!raw.writableFinished) span.end({}, 'aborted')
  else span.end(statusAttribute(statusCode), statusCode >= 500 ? String(statusCode) : undefined)
}

const statusAttribute = (status: number): Attributes => ({ 'http.response.status_code': status })
