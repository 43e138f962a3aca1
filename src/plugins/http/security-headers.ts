import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { SECURITY_HEADERS } from '../../lib/http/security-headers.js'

async function securityHeaders(app: FastifyInstance) {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(SECURITY_HEADERS)
    done()
  })
}

export default fp(securityHeaders, { name: 'security-headers' })
