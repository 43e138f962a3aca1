import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describeRequest, endRequestSpan } from '../../lib/observability/request-spans.js'
import { findTracer, type Span } from '../../lib/observability/tracing.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nothing is traced. */
    span: Span | null
  }
}

/** A span for each request, in the trace of whoever sent it; its id in every line of the request's log. */
async function tracing(app: FastifyInstance) {
  app.decorateRequest('span', null)
  const tracer = findTracer()
  if (!tracer) return

  app.addHook('onRequest', (request, reply, done) => {
    // Whoever watches the server asks every second, and is of no interest to anybody.
    if (request.routeOptions.config.neverShed) return done()
    // A caller that makes one up gains nothing by it: it decides over no more than whether its own requests are recorded.
    const { traceparent } = request.headers
    const span = tracer.continue(describeRequest(request), traceparent?.toString())
    request.span = span
    request.log = reply.log = request.log.child({ traceId: span.traceId })
    // Also when the client hangs up, of which no hook tells.
    reply.raw.once('close', () => endRequestSpan(span, reply))
    span.run(done)
  })
}

export default fp(tracing, { name: 'tracing', dependencies: ['request-context'] })
