import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** The paths of all routes declared so far. */
    knownPaths: ReadonlySet<string>
    /** Whether a documented GET reads one item below this path, as in `GET {path}/:id`. */
    isReadBelow: (path: string) => boolean
  }
}

async function knownPaths(app: FastifyInstance) {
  const paths = new Set<string>()
  const readByLastParameter = new Set<string>()
  app.decorate('knownPaths', paths)
  app.decorate('isReadBelow', (path) => readByLastParameter.has(path))
  app.addHook('onRoute', ({ method, url, schema }) => {
    paths.add(url)
    const [, parent] = /^(.*)\/:\w+$/.exec(url) ?? []
    if (method === 'GET' && !schema?.hide && parent !== undefined) readByLastParameter.add(parent)
  })
}

export default fp(knownPaths, { name: 'known-paths' })
