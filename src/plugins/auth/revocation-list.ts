import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type AccessList, openAccessList } from '../../db/queries/sessions/revocation-list.js'
import { accessListReadings } from '../../metrics/api.js'

declare module 'fastify' {
  interface FastifyInstance {
    accessList: AccessList
  }
}

async function accessList(app: FastifyInstance, options: { url: string; tokenLifetimeSeconds: number }) {
  const list = await openAccessList({
    ...options,
    db: app.db,
    onError: (err) => app.log.warn({ err }, 'revocations cannot be heard: every access token is looked up'),
  })
  app.decorate('accessList', list)
  app.addHook('onClose', list.close)
  app.metrics.add(accessListReadings(list.state))
}

export default fp(accessList, { name: 'revocation-list', dependencies: ['db', 'metrics'] })
