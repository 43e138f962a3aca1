import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { InvalidHost } from '../../lib/errors/errors.js'
import { countHeader } from '../../lib/http/count-header.js'

/**
 * Handles two cases that Node would otherwise answer itself, without a problem body, headers and a log line.
 */
async function requestHead(app: FastifyInstance) {
  // Exactly one Host (RFC 9112, 3.2). Of several, Node uses the first, while a proxy may use the last.
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const hosts = countHeader(raw.rawHeaders, 'host')
    if (hosts === 1 || (hosts === 0 && raw.httpVersion === '1.0')) return done()
    reply.header('connection', 'close')
    done(new InvalidHost())
  })
  // An unknown expectation may be ignored (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}

export default fp(requestHead, { name: 'request-head', dependencies: ['request-context'] })
