import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { explainListenError } from '../../lib/errors/listen-error.js'
import { type Metrics, NO_METRICS } from '../../lib/observability/metrics.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The registry to which plugins add their measurements. */
    metrics: Metrics
    /**
     * The token that `/metrics` on the API's own port requires; undefined when metrics are not served there.
     */
    metricsToken: string | undefined
  }
}

export type MetricsOptions = {
  service: 'api' | 'worker'
  version: string
  METRICS_HOST: string
  METRICS_PORT?: number
  WORKER_METRICS_PORT?: number
  METRICS_TOKEN?: string
}

const PORTS = { api: 'METRICS_PORT', worker: 'WORKER_METRICS_PORT' } as const

/**
 * Measures only when the metrics are served: on a port of their own,
 * or for the API with a token on its own port.
 */
async function metrics(app: FastifyInstance, { service, version, ...settings }: MetricsOptions) {
  const { METRICS_HOST: host, METRICS_TOKEN: token, [PORTS[service]]: port } = settings
  const isOnPortOfApi = port === undefined && token !== undefined && service === 'api'
  app.decorate('metricsToken', isOnPortOfApi ? token : undefined)
  if (port === undefined && !isOnPortOfApi) {
    app.decorate('metrics', NO_METRICS)
    return
  }
  // Slow to load, and many processes do not need it.
  const { createMetrics } = await import('../../metrics/registry.js')
  const own = createMetrics({ name: service, version })
  app.decorate('metrics', own)
  if (port === undefined) return

  const { serveMetrics } = await import('../../metrics/server.js')
  const server = await serveMetrics({ host, port, token, text: own.text }).catch((error) => {
    throw explainListenError(error, host, port, { host: 'METRICS_HOST', port: PORTS[service] })
  })
  app.log.info(`metrics at ${server.url}`)
  app.addHook('onClose', server.close)
}

export default fp(metrics, { name: 'metrics' })
