import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import {
  type Check,
  createDatabaseClient,
  type DatabaseClient,
  type DatabaseOptions,
  type Db,
  type Transactions,
} from '../db/client.js'
import { backlogReadings, poolReadings } from '../metrics/database.js'

declare module 'fastify' {
  interface FastifyInstance {
    db: Db
    checkDatabase: Check
    /** On the pool, without drizzle. */
    transactions: Transactions
    poolState: DatabaseClient['poolState']
  }
}

async function db(app: FastifyInstance, options: DatabaseOptions) {
  const client = createDatabaseClient(options)
  app.decorate('db', client.db)
  app.decorate('checkDatabase', client.check)
  app.decorate('transactions', client.transactions)
  app.decorate('poolState', client.poolState)
  app.addHook('onClose', client.close)
  app.metrics.add([...poolReadings(client.poolState), ...backlogReadings(client.transactions)])
}

export default fp(db, { name: 'db', dependencies: ['metrics'] })
