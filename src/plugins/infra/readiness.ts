import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { checkAudit, checkMigrations, checkWrites, READ_ONLY } from '../../db/lifecycle/readiness.js'
import { cachedFor } from '../../lib/async/cached-for.js'
import { withTimeout } from '../../lib/async/with-timeout.js'

type Check = 'ok' | string

declare module 'fastify' {
  interface FastifyInstance {
    /** The state of each part: `ok`, `degraded: …` when it still serves, or the failure. */
    checkReadiness: () => Promise<Record<string, Check>>
  }
}

const CHECK_TIMEOUT_MS = 2_000

/** The endpoint has no rate limit, so its requests share one check a second. */
const SHARED_FOR_MS = 1_000

type ReadinessOptions = {
  /**
   * How long to keep serving during a shutdown, so that load balancers notice before connections are refused.
   */
  drainSeconds: number
}

async function readiness(app: FastifyInstance, { drainSeconds }: ReadinessOptions) {
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
    // A server that failed to listen has no clients to wait for.
    if (app.server.listening) await delay(drainSeconds * 1000)
  })
  // Clients that keep their connections open would delay the shutdown.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    done(null, payload)
  })

  const checkDatabase = cachedFor(async () => {
    const checks = [checkWrites, checkMigrations, checkAudit].map((check) =>
      app.checkDatabase(check, CHECK_TIMEOUT_MS),
    )
    const [database, migrations, audit] = await Promise.all(checks.map(stateOf))
    return { database, migrations, audit } as Record<string, Check>
  }, SHARED_FOR_MS)

  app.decorate('checkReadiness', async () => {
    if (isClosing) return { server: 'shutting down' }
    const ofDatabase = await checkDatabase()
    return { ...ofDatabase, rateLimits: app.checkRateLimits(), load: app.checkLoad() }
  })
}

/** Does not reveal the reason of a failure to the client. */
async function stateOf(check: Promise<Check>): Promise<Check> {
  const state = check.catch((error) => (error === READ_ONLY ? READ_ONLY.message : 'unavailable'))
  return (await withTimeout(CHECK_TIMEOUT_MS, state)) ?? 'no answer'
}

export default fp(readiness, { name: 'readiness', dependencies: ['db'] })
