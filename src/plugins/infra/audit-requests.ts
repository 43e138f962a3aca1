import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { RequestRecorder } from '../../db/queries/audit/request-recorder.js'
import { InFlightRequests } from '../../lib/async/in-flight-requests.js'
import { isMutating, isWorthRecording, outlineOf, withDetails } from '../../lib/audit/finished-request.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Resolves once what became of all requests so far is written: nobody else waits for that. */
    settleAuditRequests: () => Promise<void>
  }
  interface FastifyContextConfig {
    /** Recorded although it changes nothing: a read that takes much away at once. */
    recorded?: true
  }
}

const CLOSE_TIMEOUT_MS = 1_000

/**
 * Records what became of every request that wanted to change something, of every denial and of every event. It never writes
 * change entries, so that nothing depends on its arriving.
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
    // A URL that cannot be read is answered before there is a context.
    const isRecorded = request.context && isWorthRecording(request, reply.statusCode)
    if (isRecorded || inFlight.has(request)) finish(request, reply, { isAborted: false })
    done()
  })

  app.decorate('settleAuditRequests', async () => {
    // An answer can be read a moment before the server has noticed that it was sent.
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
