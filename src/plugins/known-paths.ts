import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every path that a route was declared for so far. */
    knownPaths: ReadonlySet<string>
  }
}

async function knownPaths(app: FastifyInstance) {
  const paths = new Set<string>()
  app.decorate('knownPaths', paths)
  app.addHook('onRoute', ({ url }) => {
    paths.add(url)
  })
}

export default fp(knownPaths, { name: 'known-paths' })
