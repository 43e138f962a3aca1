import type { FastifyReply, FastifyRequest } from 'fastify'
import { REDACTED, redactText } from '../audit/redact.js'
import { isHttpMethod } from '../http/methods.js'
import type { Attributes, Span, SpanDescription } from './tracing.js'

/** A path segment with an e-mail address. */
const ADDRESS = /[^/]*(?:@|%40)[^/]*/gi

/**
 * Named by the route, not by the URL. Holds nothing that identifies the client: that is in the log and
 * in the audit log, which the trace id leads to.
 */
export function describeRequest({
  method,
  url,
  protocol,
  raw,
  routeOptions,
}: FastifyRequest): SpanDescription {
  const known = isHttpMethod(method) ? method : undefined
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

/** Only a 5xx and an aborted request are errors: a 4xx is a mistake of the client. */
export function endRequestSpan(span: Span, { statusCode, raw }: FastifyReply): void {
  if (!raw.writableFinished) span.end({}, 'aborted')
  else span.end(statusAttribute(statusCode), statusCode >= 500 ? String(statusCode) : undefined)
}

const statusAttribute = (status: number): Attributes => ({ 'http.response.status_code': status })
