import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const ASSETS_FOLDER = fileURLToPath(new URL('../../static', import.meta.url))

/** The pages' style sheets, scripts and icon. */
async function staticFiles(app: FastifyInstance) {
  app.register(async (assets) => {
    assets.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true }
      route.schema = { ...route.schema, hide: true }
    })
    await assets.register(fastifyStatic, {
      root: ASSETS_FOLDER,
      prefix: '/static/',
      dotfiles: 'ignore',
    })
    // Browsers ask for it at the root, even when the answer is not a page.
    assets.get('/favicon.ico', (_request, reply) => reply.sendFile('favicon.ico', { maxAge: '1d' }))
  })
}

export default fp(staticFiles, { name: 'static', dependencies: ['auth'] })
