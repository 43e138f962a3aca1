// @opentelemetry/api is a facade itself, but importing it adds 20 ms to the 880 ms of CPU that a start
// takes to load the API (medians on Node 20), even while tracing is off. In return, this file and
// otel-tracer.ts have 38 more lines.

/**
 * The attributes of a span, named as in OpenTelemetry's semantic conventions. They never hold parameters of
 * statements, bodies, addresses or tokens.
 */
export type Attributes = Readonly<Record<string, string | number>>

export type SpanDescription = {
  name: string
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  attributes: Attributes
}

export type Span = {
  readonly traceId: string
  /** The header with which another process continues the trace (W3C Trace Context). */
  readonly traceparent: string
  /** Runs `work` in this span: spans that start in it, or later because of it, become children. */
  run: <T>(work: () => T) => T
  /**
   * An `errorType` marks the span as failed. Never pass an error's message: it may hold values of a
   * statement.
   */
  end: (attributes?: Attributes, errorType?: string) => void
}

export type Tracer = {
  isInSpan: () => boolean
  /** Starts a child of the current span. */
  start: (description: SpanDescription) => Span
  /** Continues a trace of another process, or starts a new one when `traceparent` is undefined. */
  continue: (description: SpanDescription, traceparent: string | undefined) => Span
}

let tracer: Tracer | undefined

/** Undefined unless tracing is on. The implementation in src/tracing is loaded only then. */
export const findTracer = (): Tracer | undefined => tracer

/** Call this once, before opening anything that is to be traced. */
export const setTracer = (newTracer: Tracer): void => {
  tracer = newTracer
}

/**
 * Runs `work` in a span if it is part of a trace. Background work outside requests and jobs gets no
 * span.
 */
export function inSpan<T>(description: SpanDescription, work: (span?: Span) => Promise<T>): Promise<T> {
  return tracer?.isInSpan() ? around(tracer.start(description), work) : work()
}

/** As `inSpan`, but continues the trace of the caller; null starts a new trace. */
export function continueTrace<T>(
  traceparent: string | null,
  description: SpanDescription,
  work: (span?: Span) => Promise<T>,
): Promise<T> {
  return tracer ? around(tracer.continue(description, traceparent ?? undefined), work) : work()
}

function around<T>(span: Span, work: (span: Span) => Promise<T>): Promise<T> {
  return span.run(async () => {
    try {
      const result = await work(span)
      span.end()
      return result
    } catch (error) {
      span.end({}, errorTypeOf(error))
      throw error
    }
  })
}

/** Prefers a code over the name of a class, such as the code of PostgreSQL inside another error. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code, cause } = error as Error & { code?: unknown }
  if (typeof code === 'string') return code
  return cause instanceof Error ? errorTypeOf(cause) : error.name
}
