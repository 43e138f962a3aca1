import { DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import type { FastifyBaseLogger } from 'fastify'
import { withTimeout } from '../lib/async/with-timeout.js'
import { traceWith } from '../lib/observability/tracing.js'
import { createTracer } from './otel-tracer.js'
import { OutageLoggingExporter } from './outage-logging-exporter.js'
import { traceRedis } from './redis.js'
import { nameTraceInLog } from './trace-id-in-log.js'

export type TracingOptions = {
  /** Of the service, unless OTEL_SERVICE_NAME gives it another one. */
  name: string
  version: string
  log: FastifyBaseLogger
}

export type Tracing = {
  /** Sends what has not been sent yet. */
  close: () => Promise<void>
}

/** A collector that is away must not hold up a shutdown. */
const FLUSH_TIMEOUT_MS = 1_500

/** What is to be sent where, how much of it and under which name, OpenTelemetry reads from OTEL_* itself. */
export function startSdk({ name, version, log }: TracingOptions): Tracing {
  diag.setLogger(complaints(log), DiagLogLevel.WARN)
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': name, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OutageLoggingExporter(new OTLPTraceExporter(), log))],
  })
  provider.register()
  // From now on it would only repeat what the exporter tells once.
  diag.disable()

  const tracer = createTracer()
  traceWith(tracer)
  traceRedis(tracer)
  nameTraceInLog(log)
  return {
    close: async () => {
      const flushed = provider.shutdown().then(
        () => true,
        () => true,
      )
      if (!(await withTimeout(FLUSH_TIMEOUT_MS, flushed)))
        log.warn('the last spans could not be sent in time')
    },
  }
}

/** Of variables that it cannot read and does without. */
function complaints(log: FastifyBaseLogger) {
  const report = (message: string) =>
    log.warn({ reason: message }, 'OpenTelemetry has a problem with its settings')
  return { error: report, warn: report, info: report, debug: report, verbose: report }
}
