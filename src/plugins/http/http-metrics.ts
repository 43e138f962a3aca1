import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import {
  ACTIVE_REQUESTS,
  labelsOf,
  OPEN_CONNECTIONS,
  REQUEST_DURATION,
  reasonOf,
  UNREADABLE_REQUESTS,
} from '../../metrics/http.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts a request that is rejected before any hook runs. */
    countUnreadable: (reason: 'url' | 'timeout' | 'overflow' | 'malformed') => void
  }
}

/** Counts and times every request, including those whose client hangs up. */
async function httpMetrics(app: FastifyInstance) {
  const { metrics, server } = app
  const count = metrics.counter(UNREADABLE_REQUESTS)
  app.decorate('countUnreadable', (reason) => count({ reason }))
  if (!metrics.isOn) return

  let active = 0
  metrics.add([
    { ...ACTIVE_REQUESTS, read: () => active },
    { ...OPEN_CONNECTIONS, read: () => promisify(server.getConnections.bind(server))() },
  ])
  const observe = metrics.histogram(REQUEST_DURATION)
  app.addHook('onRequest', (request, reply, done) => {
    active += 1
    // Not onResponse: that hook does not run when the client hangs up.
    reply.raw.once('close', () => {
      active -= 1
      observe(labelsOf(request, reply), reply.elapsedTime / 1000)
    })
    done()
  })
  server.on('clientError', (error: NodeJS.ErrnoException) => {
    // The client went away: nothing was refused.
    if (error.code !== 'ECONNRESET') app.countUnreadable(reasonOf(error))
  })
}

export default fp(httpMetrics, { name: 'http-metrics', dependencies: ['metrics'] })
