import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { html } from '../../lib/http/html.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** The path of `PUBLIC_URL`, a prefix that the proxy strips; `''` when it has none. */
    publicPath: string
  }
}

/** Matches a link to this server in a page. It cannot match users' text, in which quotes are escaped. */
const LOCAL_LINK = / (href|src|action)="\/(?!\/)/g

const isPage = (reply: FastifyReply): boolean =>
  String(reply.getHeader('content-type') ?? '').startsWith('text/html')

/**
 * Adds the path that a proxy strips to all links and `Location` headers of a response. Routes and pages write
 * paths without it, and cannot forget it.
 */
async function publicPath(app: FastifyInstance, { publicUrl }: { publicUrl: string }) {
  const path = new URL(publicUrl).pathname.replace(/\/+$/, '')
  app.decorate('publicPath', path)
  if (path === '') return

  const inPages = String(html`${path}`)
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
