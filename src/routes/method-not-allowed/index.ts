import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { MethodNotAllowed } from '../../lib/errors/errors.js'
import { HTTP_METHODS } from '../../lib/http/methods.js'

/** OPTIONS has a route of its own, and CONNECT never reaches a router. */
const METHODS = HTTP_METHODS.filter((method) => method !== 'OPTIONS' && method !== 'CONNECT')

/**
 * Answers OPTIONS, including preflights, for every known path. Other methods that the path does not support
 * get a 405 with `Allow` (RFC 9110, 15.5.6). Must be registered last.
 */
const methodNotAllowedRoutes: FastifyPluginAsyncTypebox = async (app) => {
  for (const url of [...app.knownPaths]) {
    const isKnown = (method: string) => app.hasRoute({ method, url })
    const others = METHODS.filter((method) => !isKnown(method))
    // A catch-all of a plugin, such as that of CORS for preflights.
    if (others.length === METHODS.length) continue
    const allow = [...METHODS.filter(isKnown), 'OPTIONS'].join(', ')
    app.options(
      url,
      { schema: { hide: true }, config: { public: true } },
      async function listMethods(_request, reply) {
        return reply.code(204).header('allow', allow).send()
      },
    )
    app.route({
      method: others,
      url,
      exposeHeadRoute: false,
      schema: { hide: true },
      config: { public: true },
      // Before the body is read, which is not needed.
      onRequest: async function refuseMethod(_request, reply) {
        reply.header('allow', allow)
        throw new MethodNotAllowed()
      },
      handler: async () => undefined,
    })
  }
}

export default methodNotAllowedRoutes
