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
import { setTracer } from '../lib/observability/tracing.js'
import { createTracer } from './otel-tracer.js'
import { OutageLoggingExporter } from './outage-logging-exporter.js'
import { traceRedis } from './redis.js'
import { addTraceIdToLog } from './trace-id-in-log.js'

export type TracingOptions = {
  /** The name of the service. OTEL_SERVICE_NAME overrides it. */
  name: string
  version: string
  log: FastifyBaseLogger
}

export type Tracing = {
  /** Sends the remaining spans. */
  close: () => Promise<void>
}

/** A collector that does not respond must not delay a shutdown. */
const FLUSH_TIMEOUT_MS = 1_500

/**
 * OpenTelemetry itself reads the endpoint, the sampling and the name of the service from OTEL_*
 * variables.
 */
export function startSdk({ name, version, log }: TracingOptions): Tracing {
  diag.setLogger(diagLogger(log), DiagLogLevel.WARN)
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': name, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OutageLoggingExporter(new OTLPTraceExporter(), log))],
  })
  provider.register()
  // From now on it would only repeat what the exporter logs once.
  diag.disable()

  const tracer = createTracer()
  setTracer(tracer)
  traceRedis(tracer)
  addTraceIdToLog(log)
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

/** Logs OTEL_* variables that OpenTelemetry cannot parse and ignores. */
function diagLogger(log: FastifyBaseLogger) {
  const report = (message: string) =>
    log.warn({ reason: message }, 'OpenTelemetry has a problem with its settings')
  return { error: report, warn: report, info: report, debug: report, verbose: report }
}
