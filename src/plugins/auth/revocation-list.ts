import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { openRevocationList, type RevocationList } from '../../db/queries/sessions/revocation-list.js'
import { revocationListReadings } from '../../metrics/api.js'

declare module 'fastify' {
  interface FastifyInstance {
    revocationList: RevocationList
  }
}

async function revocationList(app: FastifyInstance, options: { url: string; tokenLifetimeSeconds: number }) {
  const list = await openRevocationList({
    ...options,
    db: app.db,
    onError: (err) =>
      app.log.warn(
        { err },
        'revocation notifications are not received: every access token is checked in the database',
      ),
  })
  app.decorate('revocationList', list)
  app.addHook('onClose', list.close)
  app.metrics.add(revocationListReadings(list.state))
}

export default fp(revocationList, { name: 'revocation-list', dependencies: ['db', 'metrics'] })
