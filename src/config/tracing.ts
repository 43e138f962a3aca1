import type { Config } from './settings.js'

type TracingSettings = Pick<
  Config,
  | 'OTEL_SDK_DISABLED'
  | 'OTEL_TRACES_EXPORTER'
  | 'OTEL_EXPORTER_OTLP_ENDPOINT'
  | 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
>

/** Tracing is off until the exporter or an endpoint is set. */
export const isTracingOn = (settings: TracingSettings): boolean =>
  settings.OTEL_SDK_DISABLED !== 'true' &&
  settings.OTEL_TRACES_EXPORTER !== 'none' &&
  [
    settings.OTEL_TRACES_EXPORTER,
    settings.OTEL_EXPORTER_OTLP_ENDPOINT,
    settings.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
  ].some((value) => value !== undefined)
