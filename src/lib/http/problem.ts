import { STATUS_CODES } from 'node:http'
import type { Static } from 'typebox'
import { MalformedUrl, PayloadTooLarge, UnsupportedMediaType } from '../errors/errors.js'
import { fieldErrorsOf, type ValidationFailure } from '../schema/field-errors.js'
import type { Problem } from '../schema/problem-schema.js'

export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

const MAX_FIELD_ERRORS = 50

/** Replacements for Fastify's own errors, whose messages repeat what the client sent. */
const REPLACEMENTS: Record<string, () => Failure> = {
  FST_ERR_BAD_URL: () => new MalformedUrl(),
  FST_ERR_MAX_PARAM_LENGTH: () => new MalformedUrl(),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new PayloadTooLarge(),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new UnsupportedMediaType(),
}

const CODES_BY_STATUS: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  431: 'HEADERS_TOO_LARGE',
  503: 'SERVICE_UNAVAILABLE',
}

type Failure = {
  statusCode?: number | undefined
  code?: string | undefined
  message?: string
  validation?: ValidationFailure[] | undefined
  validationContext?: string | undefined
}

/**
 * The body of an error response (RFC 9457). Never holds details of a failure inside the server. Without
 * `traceId` the problem has none.
 */
export function toProblem(thrown: Failure, requestId: string, traceId?: string): Static<typeof Problem> {
  const failure = REPLACEMENTS[thrown.code ?? '']?.() ?? thrown
  const ids = { requestId, ...(traceId !== undefined && { traceId }) }
  if (failure.validation) return validationProblem(failure.validation, failure.validationContext, ids)
  const status = statusOf(failure)
  const isOwnCode = failure.code !== undefined && !/^FST_|^E[A-Z]+$|^ERR_/.test(failure.code)
  const byStatus = CODES_BY_STATUS[status]
  const code = status >= 500 ? (byStatus ?? 'INTERNAL_ERROR') : isOwnCode ? failure.code : byStatus
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: code ?? 'BAD_REQUEST',
    detail: status >= 500 && !isOwnCode ? detailOfServerError(status) : (failure.message ?? ''),
    ...ids,
  }
}

const detailOfServerError = (status: number): string =>
  status === 503
    ? 'Temporarily unavailable. Please try again.'
    : 'Something went wrong on our side. The request id helps us find the cause.'

function statusOf({ statusCode }: Failure): number {
  return statusCode !== undefined && statusCode >= 400 && statusCode < 600 ? statusCode : 500
}

function validationProblem(
  failures: ValidationFailure[],
  part: string | undefined,
  ids: { requestId: string; traceId?: string },
): Static<typeof Problem> {
  return {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    code: 'VALIDATION_FAILED',
    detail: `The ${PARTS[part ?? 'body'] ?? part} does not match the schema.`,
    ...ids,
    errors: fieldErrorsOf(failures, MAX_FIELD_ERRORS),
  }
}

const PARTS: Record<string, string> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
}
