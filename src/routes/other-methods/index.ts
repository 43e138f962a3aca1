import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { MethodNotAllowed } from '../../lib/errors/errors.js'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']

/** Answers OPTIONS, preflights included, and 405 with `Allow` where the address exists and the method does not (RFC 9110, 15.5.6). Register it last. */
const otherMethodRoutes: FastifyPluginAsyncTypebox = async (app) => {
  for (const url of [...app.knownPaths]) {
    const isKnown = (method: string) => app.hasRoute({ method, url })
    const others = METHODS.filter((method) => !isKnown(method))
    // A plugin's catch-all, such as the preflights of CORS.
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
      // Before the body is read: there is nothing it could be good for.
      onRequest: async function refuseMethod(_request, reply) {
        reply.header('allow', allow)
        throw new MethodNotAllowed()
      },
      handler: async () => undefined,
    })
  }
}

export default otherMethodRoutes
