import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Labels } from '../lib/observability/metrics.js'

/** Named, labelled and divided as OpenTelemetry's conventions have it, so that dashboards made for these work. */
export const REQUEST_DURATION = {
  name: 'http_server_request_duration_seconds',
  help: 'From the headers of a request to the end of its answer; 499 where the client hung up before.',
  labels: ['http_request_method', 'http_route', 'http_response_status_code'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
}

export const ACTIVE_REQUESTS = {
  name: 'http_server_active_requests',
  help: 'Requests that are being answered.',
  type: 'gauge',
} as const

export const OPEN_CONNECTIONS = {
  name: 'groundwork_http_connections',
  help: 'Connections of clients, idle ones included.',
  type: 'gauge',
} as const

export const UNREADABLE_REQUESTS = {
  name: 'groundwork_http_unreadable_requests_total',
  help: 'Requests that came too slowly (timeout), with too large a head (overflow), with a URL that cannot be read (url) or as no HTTP (malformed).',
  labels: ['reason'],
}

/** What clients make up must not make up labels: beyond these there is one more method, and one more route. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const UNKNOWN_ROUTE = 'unknown'

const CLIENT_CLOSED_REQUEST = 499

export const labelsOf = (request: FastifyRequest, { raw, statusCode }: FastifyReply): Labels => ({
  http_request_method: METHODS.has(request.method) ? request.method : '_OTHER',
  http_route: (!request.is404 && request.routeOptions.url) || UNKNOWN_ROUTE,
  http_response_status_code: raw.writableEnded ? statusCode : CLIENT_CLOSED_REQUEST,
})

export const reasonOf = ({ code }: NodeJS.ErrnoException): 'timeout' | 'overflow' | 'malformed' => {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timeout'
  return code === 'HPE_HEADER_OVERFLOW' ? 'overflow' : 'malformed'
}
