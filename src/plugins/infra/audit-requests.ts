import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { RequestRecorder } from '../../db/queries/audit/request-recorder.js'
import { InFlightRequests } from '../../lib/async/in-flight-requests.js'
import { isMutating, isWorthRecording, outlineOf, withDetails } from '../../lib/audit/finished-request.js'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Resolves when the records of all requests so far are written.
     * For tests: responses do not wait for them.
     */
    settleAuditRequests: () => Promise<void>
  }
  interface FastifyContextConfig {
    /**
     * Records every request of a reading route: for exports. Default:
     * only requests that may change something.
     */
    recorded?: true
  }
}

const CLOSE_TIMEOUT_MS = 1_000

/**
 * Writes a record of every mutating request, every denied request and every security event. It does not write
 * the entries of changes: those are complete even if a request record is lost.
 */
async function auditRequests(app: FastifyInstance) {
  const recorder = new RequestRecorder(app)
  const finish = (request: FastifyRequest, reply: FastifyReply, { isAborted }: { isAborted: boolean }) => {
    inFlight.end(request)
    recorder.add(outlineOf(request, reply, isAborted), (outline) => withDetails(outline, request))
  }
  const inFlight = new InFlightRequests((request, reply) => finish(request, reply, { isAborted: true }))

  app.addHook('onRoute', (route) => {
    if (!route.config?.recorded && ![route.method].flat().some(isMutating)) return
    const begin: onRequestHookHandler = (request, reply, done) => {
      inFlight.begin(request, reply)
      done()
    }
    route.onRequest = [begin, ...[route.onRequest ?? []].flat()]
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    inFlight.answer(request, reply)
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    // There is no context for a URL that could not be parsed.
    const isRecorded = request.context && isWorthRecording(request, reply.statusCode)
    if (isRecorded || inFlight.has(request)) finish(request, reply, { isAborted: false })
    done()
  })

  app.decorate('settleAuditRequests', async () => {
    // A client may have the response just before the server notices that it was sent.
    await turn()
    await inFlight.none()
    await recorder.flush()
  })
  app.addHook('onClose', async () => {
    await Promise.race([inFlight.none(), delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })])
    await recorder.close()
  })
}

export default fp(auditRequests, { name: 'audit-requests', dependencies: ['db', 'request-context'] })
