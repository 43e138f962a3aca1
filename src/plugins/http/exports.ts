import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { StreamSlots } from '../../lib/async/stream-slots.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Limits streamed responses, each of which holds memory for as long as its client reads. */
    exportSlots: StreamSlots
  }
}

type ExportOptions = { perUser: number; perProcess: number }

async function exports(app: FastifyInstance, { perUser, perProcess }: ExportOptions) {
  app.decorate('exportSlots', new StreamSlots({ perCaller: perUser, perProcess }))
}

export default fp(exports, { name: 'exports' })
