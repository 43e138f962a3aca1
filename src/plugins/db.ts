import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type postgres from 'postgres'
import { createDatabaseClient, type DatabaseOptions, type Db } from '../db/client.js'

declare module 'fastify' {
  interface FastifyInstance {
    db: Db
    /** The same pool without drizzle: for what is no query of a table. */
    sql: postgres.Sql
  }
}

async function db(app: FastifyInstance, options: DatabaseOptions) {
  const client = createDatabaseClient(options)
  app.decorate('db', client.db)
  app.decorate('sql', client.sql)
  app.addHook('onClose', client.close)
}

export default fp(db, { name: 'db' })
