import type { Tracing, TracingOptions } from './sdk.js'

/** OpenTelemetry takes a moment to load: where tracing is off, no part of it is. */
export async function startTracing(isOn: boolean, options: TracingOptions): Promise<Tracing> {
  if (!isOn) return { close: async () => undefined }
  const { startSdk } = await import('./sdk.js')
  return startSdk(options)
}
