// @opentelemetry/api is a facade itself, but importing it adds 20 ms to the 880 ms of CPU that a start takes to load the
// API (medians on Node 20), even while tracing is off. In return this file and otel-tracer.ts have 38 more lines.

/** A span's own values, named as in OpenTelemetry's semantic conventions: no parameter of a statement, no body, address or token. */
export type Attributes = Readonly<Record<string, string | number>>

export type SpanDescription = {
  name: string
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  attributes: Attributes
}

export type Span = {
  readonly traceId: string
  /** By which another process continues the trace (W3C Trace Context). */
  readonly traceparent: string
  /** Spans that begin in `work`, or later because of it, are parts of this one. */
  run: <T>(work: () => T) => T
  /** With an `errorType` it has failed. Never with an error's message, which may hold the values of a statement. */
  end: (attributes?: Attributes, errorType?: string) => void
}

export type Tracer = {
  isInSpan: () => boolean
  /** Part of the span under way. */
  start: (description: SpanDescription) => Span
  /** Part of a trace that began elsewhere; the beginning of one where that is not known. */
  continue: (description: SpanDescription, traceparent: string | undefined) => Span
}

let tracer: Tracer | undefined

/** Undefined unless tracing is on: what is behind it is loaded only then (src/tracing). */
export const findTracer = (): Tracer | undefined => tracer

/** Once, before anything is opened that is to be traced. */
export const traceWith = (given: Tracer): void => {
  tracer = given
}

/** A span around `work` where it is part of a trace; what goes on behind requests and jobs has none. */
export function inSpan<T>(description: SpanDescription, work: (span?: Span) => Promise<T>): Promise<T> {
  return tracer?.isInSpan() ? around(tracer.start(description), work) : work()
}

/** As `inSpan`, in the trace of whoever asked for it. */
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

/** A code tells more than a class: that of PostgreSQL, say, inside the error of whoever asked it. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code, cause } = error as Error & { code?: unknown }
  if (typeof code === 'string') return code
  return cause instanceof Error ? errorTypeOf(cause) : error.name
}
