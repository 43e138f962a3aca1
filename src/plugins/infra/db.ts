import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import {
  type Check,
  createDatabaseClient,
  type DatabaseClient,
  type DatabaseOptions,
  type Db,
  sessionSettings,
  type Transactions,
} from '../../db/driver/client.js'
import { findPooler, refuseOtherSettings } from '../../db/driver/pooler.js'
import { backlogReadings, poolReadings } from '../../metrics/database.js'

declare module 'fastify' {
  interface FastifyInstance {
    db: Db
    checkDatabase: Check
    /** Transactions on the same pool, for SQL without drizzle. */
    transactions: Transactions
    poolState: DatabaseClient['poolState']
  }
}

async function db(app: FastifyInstance, options: DatabaseOptions) {
  const pooler = await findPooler({ url: options.url, timeoutMs: options.connectTimeoutMs })
  const client = createDatabaseClient({ ...options, pooler })
  if (pooler) {
    app.log.info({ pooler }, 'PostgreSQL is reached through a pooler')
    await client.check((sql) => refuseOtherSettings(sql, sessionSettings(options)))
  }
  app.decorate('db', client.db)
  app.decorate('checkDatabase', client.check)
  app.decorate('transactions', client.transactions)
  app.decorate('poolState', client.poolState)
  app.addHook('onClose', client.close)
  app.metrics.add([...poolReadings(client.poolState), ...backlogReadings(client.transactions)])
}

export default fp(db, { name: 'db', dependencies: ['metrics'] })
