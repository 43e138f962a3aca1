import type { Tracing, TracingOptions } from './sdk.js'

/** Loads OpenTelemetry only when tracing is on, because loading takes time. */
export async function startTracing(isOn: boolean, options: TracingOptions): Promise<Tracing> {
  if (!isOn) return { close: async () => undefined }
  const { startSdk } = await import('./sdk.js')
  return startSdk(options)
}
