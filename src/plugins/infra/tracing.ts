import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { describeRequest, endRequestSpan } from '../../lib/observability/request-spans.js'
import { findTracer, type Span } from '../../lib/observability/tracing.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Null when the request is not traced. */
    span: Span | null
  }
}

/**
 * Opens a span for each request, in the trace of the caller, and adds the
 * trace id to the lines of the request's log.
 */
async function tracing(app: FastifyInstance) {
  app.decorateRequest('span', null)
  const tracer = findTracer()
  if (!tracer) return

  app.addHook('onRequest', (request, reply, done) => {
    // Monitoring sends many requests that are of no interest in traces.
    if (request.routeOptions.config.neverShed) return done()
    // Safe to accept from any caller: it only decides whether the caller's own requests are sampled.
    const { traceparent } = request.headers
    const span = tracer.continue(describeRequest(request), traceparent?.toString())
    request.span = span
    request.log = reply.log = request.log.child({ traceId: span.traceId })
    // No hook runs when the client hangs up.
    reply.raw.once('close', () => endRequestSpan(span, reply))
    span.run(done)
  })
}

export default fp(tracing, { name: 'tracing', dependencies: ['request-context'] })
