import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isUnavailable } from '../db/errors.js'
import { NotFound, ServiceUnavailable } from '../lib/errors.js'
import { PROBLEM_MEDIA_TYPE, toProblem } from '../lib/problem.js'

const RETRY_AFTER_SECONDS = 1

/** The only place that turns failures into answers. */
export function answerWithProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const failure = isUnavailable(error) ? new ServiceUnavailable() : error
  const problem = toProblem(failure, request.id)
  if (problem.status >= 500) request.log.error({ err: error }, 'request failed')
  if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply
    .code(problem.status)
    .type(PROBLEM_MEDIA_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem)
}

async function errors(app: FastifyInstance) {
  app.setErrorHandler(answerWithProblem)
  app.setNotFoundHandler(async () => {
    throw new NotFound()
  })
}

export default fp(errors, { name: 'errors', dependencies: ['request-context'] })
