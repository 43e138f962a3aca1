import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { setSecurityHeaders } from '../../lib/http/secured-response.js'

async function securityHeaders(app: FastifyInstance) {
  app.addHook('onRequest', (_request, reply, done) => {
    setSecurityHeaders(reply)
    done()
  })
}

export default fp(securityHeaders, { name: 'security-headers' })
