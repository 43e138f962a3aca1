import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Static } from 'typebox'
import { isUnavailable } from '../db/errors.js'
import { headersWithoutHooks } from '../lib/answer-headers.js'
import { NotFound, ServiceUnavailable, TooManyAttempts } from '../lib/errors.js'
import { PROBLEM_MEDIA_TYPE, toProblem } from '../lib/problem.js'
import type { Problem } from '../lib/problem-schema.js'
import { redactText } from '../lib/redact.js'
import { EVENT_OF_FAILURE } from '../lib/security-events.js'

const RETRY_AFTER_SECONDS = 1

/** The only place that turns failures into answers: logs, sets status and headers, and leaves it to the caller how to show it. */
export function settleFailure(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): Static<typeof Problem> {
  const failure = isUnavailable(error) ? new ServiceUnavailable() : error
  const problem = toProblem(failure, request.id)
  const event = EVENT_OF_FAILURE[problem.code]
  if (event && request.context) request.context.event ??= { name: event, subjectId: null }
  // Whoever hung up within a body is no failure of ours.
  if (problem.status >= 500 && !request.raw.errored) request.log.error({ err: error }, 'request failed')
  const retryAfter = retryAfterSecondsOf(failure)
  if (retryAfter !== undefined) reply.header('retry-after', Math.ceil(retryAfter))
  reply.code(problem.status)
  return problem
}

export function answerWithProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = settleFailure(error, request, reply)
  return reply
    .type(PROBLEM_MEDIA_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem)
}

function retryAfterSecondsOf(failure: FastifyError): number | undefined {
  if (failure instanceof TooManyAttempts) return failure.retryAfterSeconds
  return failure.statusCode === 503 ? RETRY_AFTER_SECONDS : undefined
}

/** Fastify answers a URL that it cannot read before any hook runs: neither headers nor the log would know of it. */
export function answerUnreadableUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  request.log.warn(
    { method: request.method, url: redactText(request.url), code: error.code },
    'unreadable URL',
  )
  reply.headers(headersWithoutHooks(request.id))
  return answerWithProblem(error, request, reply)
}

async function errors(app: FastifyInstance) {
  app.setErrorHandler(answerWithProblem)
  app.setNotFoundHandler(async () => {
    throw new NotFound()
  })
}

export default fp(errors, { name: 'errors', dependencies: ['request-context'] })
