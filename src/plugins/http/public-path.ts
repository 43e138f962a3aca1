import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { html } from 'ghtml'

declare module 'fastify' {
  interface FastifyInstance {
    /** What stands before every path outside: the path of `PUBLIC_URL`, `''` where it has none. */
    publicPath: string
  }
}

/** An address on this server in a page; what users wrote is text there, where a quote is no quote. */
const LOCAL_LINK = / (href|src|action)="\/(?!\/)/g

const isPage = (reply: FastifyReply): boolean =>
  String(reply.getHeader('content-type') ?? '').startsWith('text/html')

/**
 * Behind a proxy that strips a path every address has to carry it. Routes and pages write those of this server; what leaves it
 * passes here, so that no page and no `Location` can forget it.
 */
async function publicPath(app: FastifyInstance, { publicUrl }: { publicUrl: string }) {
  const path = new URL(publicUrl).pathname.replace(/\/+$/, '')
  app.decorate('publicPath', path)
  if (path === '') return

  const inPages = html`${path}`
  app.addHook('onSend', (_request, reply, payload, done) => {
    const location = reply.getHeader('location')
    if (typeof location === 'string' && /^\/(?!\/)/.test(location)) reply.header('location', path + location)
    if (typeof payload !== 'string' || !isPage(reply)) return done(null, payload)
    done(
      null,
      payload.replace(LOCAL_LINK, (_link, attribute) => ` ${attribute}="${inPages}/`),
    )
  })
}

export default fp(publicPath, { name: 'public-path' })
