import {
  type Context,
  context,
  type Span as OtelSpan,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { Span, SpanDescription, Tracer } from '../lib/observability/tracing.js'
import { PRODUCT } from '../lib/product.js'

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

/**
 * Implements the tracer of src/lib/observability/tracing.ts with OpenTelemetry, so
 * `trace.getActiveSpan()` works, and your own spans join the traces.
 */
export function createTracer(): Tracer {
  const tracer = trace.getTracer(PRODUCT.name)
  const startIn = (parent: Context, { name, kind, attributes }: SpanDescription): Span => {
    const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, parent)
    return wrapSpan(trace.setSpan(parent, span), span)
  }
  return {
    isInSpan: () => trace.getActiveSpan() !== undefined,
    start: (description) => startIn(context.active(), description),
    continue: (description, traceparent) =>
      startIn(propagation.extract(ROOT_CONTEXT, { traceparent }), description),
  }
}

/** `spanContext` is the context in which the span is active. */
function wrapSpan(spanContext: Context, span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceId,
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    run: (work) => context.with(spanContext, work),
    end: (attributes = {}, errorType) => {
      span.setAttributes(attributes)
      if (errorType !== undefined) {
        span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end()
    },
  }
}
