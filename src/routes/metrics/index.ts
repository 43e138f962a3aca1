import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { hasBearerToken } from '../../lib/auth/bearer.js'
import { Unauthorized } from '../../lib/errors/errors.js'
import { METRICS_MEDIA_TYPE } from '../../lib/observability/metrics.js'

/** Serves the metrics on the API's own port, for clients with `METRICS_TOKEN`. */
const metricsRoutes: FastifyPluginAsyncTypebox<{ token: string }> = async (app, { token }) => {
  app.get(
    '',
    { schema: { hide: true }, config: { public: true, rateLimits: false, neverShed: true } },
    async function getMetrics(request, reply) {
      if (!hasBearerToken(request.headers.authorization, token)) {
        reply.header('www-authenticate', 'Bearer')
        throw new Unauthorized()
      }
      return reply.type(METRICS_MEDIA_TYPE).send(await app.metrics.text())
    },
  )
}

export default metricsRoutes
