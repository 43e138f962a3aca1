import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ShedCounter } from '../../lib/async/shed-counter.js'
import { Overloaded } from '../../lib/errors/errors.js'
import { watchLoopDelay } from '../../lib/observability/loop-delay.js'
import { shedReadings } from '../../metrics/api.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Never refused under load, nor traced: for monitoring. */
    neverShed?: true
  }
  interface FastifyInstance {
    /** `ok`, or `degraded: …` with the causes for which requests were refused in the last 5 seconds. */
    checkLoad: () => string
  }
}

/**
 * Refuses requests at once while the event loop is late, before they cost anything, so that the others are
 * answered in time.
 *
 * @param options.maxLoopDelayMs 0 refuses none
 */
async function overload(app: FastifyInstance, { maxLoopDelayMs }: { maxLoopDelayMs: number }) {
  const loopShed = new ShedCounter()
  const shedBy = () => ({
    'event loop': loopShed,
    'database pool': app.poolState().shed,
    'password hashing': app.passwords.state().shed,
  })
  app.metrics.add(shedReadings(shedBy))
  app.decorate('checkLoad', () => {
    const causes = Object.entries(shedBy()).flatMap(([cause, { isRecent }]) => (isRecent ? [cause] : []))
    return causes.length === 0
      ? 'ok'
      : `degraded: requests are refused for lack of capacity: ${causes.join(', ')}`
  })
  if (maxLoopDelayMs === 0) return

  const delay = watchLoopDelay()
  app.addHook('onClose', async () => delay.close())
  app.addHook('onRequest', (request, _reply, done) => {
    if (delay.ms() <= maxLoopDelayMs || request.routeOptions.config.neverShed) return done()
    if (!loopShed.isRecent) request.log.warn('the event loop is late: requests are refused')
    loopShed.add()
    done(new Overloaded())
  })
}

export default fp(overload, { name: 'overload', dependencies: ['db', 'errors', 'metrics'] })
