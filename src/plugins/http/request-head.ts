import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { InvalidHost } from '../../lib/errors/errors.js'
import { countHeader } from '../../lib/http/count-header.js'

/** What Node would answer by itself, without a body, headers and a line in the log, is answered here. */
async function requestHead(app: FastifyInstance) {
  // Exactly one Host (RFC 9112, 3.2): of several, Node takes the first, and a proxy before it perhaps the last.
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const hosts = countHeader(raw.rawHeaders, 'host')
    if (hosts === 1 || (hosts === 0 && raw.httpVersion === '1.0')) return done()
    reply.header('connection', 'close')
    done(new InvalidHost())
  })
  // An expectation that nobody knows may be ignored (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}

export default fp(requestHead, { name: 'request-head', dependencies: ['request-context'] })
