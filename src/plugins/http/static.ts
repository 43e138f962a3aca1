import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const ASSETS_FOLDER = fileURLToPath(new URL('../../static', import.meta.url))

/** The pages' style sheets and scripts. */
async function staticFiles(app: FastifyInstance) {
  app.register(async (assets) => {
    assets.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true }
      route.schema = { ...route.schema, hide: true }
    })
    await assets.register(fastifyStatic, {
      root: ASSETS_FOLDER,
      prefix: '/static/',
      decorateReply: false,
      dotfiles: 'ignore',
    })
  })
}

export default fp(staticFiles, { name: 'static', dependencies: ['auth'] })
