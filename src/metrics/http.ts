import type { FastifyReply, FastifyRequest } from 'fastify'
import { isHttpMethod } from '../lib/http/methods.js'
import type { Labels } from '../lib/observability/metrics.js'

/**
 * The name, labels and buckets are those of OpenTelemetry's conventions, so that existing dashboards
 * work.
 */
export const REQUEST_DURATION = {
  name: 'http_server_request_duration_seconds',
  help: 'The time from the headers of a request to the end of its response. Status 499: the client hung up before.',
  labels: ['http_request_method', 'http_route', 'http_response_status_code'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
}

export const ACTIVE_REQUESTS = {
  name: 'http_server_active_requests',
  help: 'Requests in flight.',
  type: 'gauge',
} as const

export const OPEN_CONNECTIONS = {
  name: 'app_http_connections',
  help: 'Connections of clients, including idle ones.',
  type: 'gauge',
} as const

export const UNREADABLE_REQUESTS = {
  name: 'app_http_unreadable_requests_total',
  help: 'Requests that arrived too slowly (timeout), with too large headers (overflow), with a URL that cannot be parsed (url) or that are not HTTP (malformed).',
  labels: ['reason'],
}

/** The label of all unknown routes: clients must not be able to invent labels. */
const UNKNOWN_ROUTE = 'unknown'

const CLIENT_CLOSED_REQUEST = 499

/** The labels of `REQUEST_DURATION`. */
export const labelsOf = (request: FastifyRequest, { raw, statusCode }: FastifyReply): Labels => ({
  http_request_method: isHttpMethod(request.method) ? request.method : '_OTHER',
  http_route: (!request.is404 && request.routeOptions.url) || UNKNOWN_ROUTE,
  http_response_status_code: raw.writableEnded ? statusCode : CLIENT_CLOSED_REQUEST,
})

/** The label of `UNREADABLE_REQUESTS` for an error of the HTTP parser. */
export const reasonOf = ({ code }: NodeJS.ErrnoException): 'timeout' | 'overflow' | 'malformed' => {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timeout'
  return code === 'HPE_HEADER_OVERFLOW' ? 'overflow' : 'malformed'
}
