import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { findFailure } from '../../db/driver/errors.js'
import { recordErrorCode } from '../../lib/audit/context.js'
import { redactText } from '../../lib/audit/redact.js'
import { NotFound, Overloaded } from '../../lib/errors/errors.js'
import { retryAfterSecondsOf } from '../../lib/errors/retry-after.js'
import { PROBLEM_MEDIA_TYPE, toProblem } from '../../lib/http/problem.js'
import { setSecurityHeaders } from '../../lib/http/secured-response.js'

/**
 * The only place that turns errors into responses. Logs the error, sets status and headers, and returns the
 * problem; the caller sends it as JSON or as a page.
 */
export function settleFailure(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): ReturnType<typeof toProblem> {
  // Beyond its rate limit a request always gets a 429, whatever else is wrong with it.
  const failure = request.refusal ?? findFailure(error) ?? error
  const problem = toProblem(failure, request.id, request.span?.traceId)
  recordErrorCode(request.context, problem.code)
  // Not the server's failures: a client that hung up while sending a body, and load caused by other requests.
  const isLogged = problem.status >= 500 && !request.raw.errored && !(failure instanceof Overloaded)
  if (isLogged) request.log.error({ err: error }, 'request failed')
  const retryAfterSeconds = retryAfterSecondsOf(failure)
  if (retryAfterSeconds) reply.header('retry-after', Math.ceil(retryAfterSeconds))
  reply.code(problem.status)
  return problem
}

function answerWithProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const problem = settleFailure(error, request, reply)
  return reply
    .type(PROBLEM_MEDIA_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem)
}

/**
 * Answers URLs that Fastify cannot parse. No hook runs for them, so this also sets the headers and writes the
 * log line.
 */
export function answerUnreadableUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  request.log.warn(
    { method: request.method, url: redactText(request.url), code: error.code },
    'unreadable URL',
  )
  request.server.countUnreadable('url')
  const { origin } = request.headers
  setSecurityHeaders(reply)
  reply.headers({ 'x-request-id': request.id, ...request.server.corsHeaders(origin) })
  return answerWithProblem(error, request, reply)
}

async function errors(app: FastifyInstance) {
  app.setErrorHandler(answerWithProblem)
  app.setNotFoundHandler(async () => {
    throw new NotFound()
  })
}

export default fp(errors, { name: 'errors', dependencies: ['http-metrics', 'request-context', 'tracing'] })
