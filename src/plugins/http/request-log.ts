import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { redactText } from '../../lib/audit/redact.js'
import { flatLines } from '../../lib/observability/flat-lines.js'

const levelOf = (status: number) => (status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info')

/** Logs one line per request, after the response. */
async function requestLog(app: FastifyInstance) {
  // Skips the search for secrets, which takes longer than the rest of
  // the line. None of these fields holds one.
  const log = flatLines(app.log)
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply
    log[levelOf(statusCode)]({
      requestId: request.id,
      traceId: request.span?.traceId,
      method: request.method,
      url: redactText(request.url),
      status: statusCode,
      durationMs: Math.round(elapsedTime * 10) / 10,
      ip: request.context?.ip ?? request.ip,
      userId: request.context?.userId ?? null,
      msg: 'request',
    })
    done()
  })
}

export default fp(requestLog, { name: 'request-log', dependencies: ['request-context', 'tracing'] })
