import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { StreamSlots } from '../../lib/async/stream-slots.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** For answers that are streamed for as long as their reader takes. */
    exportSlots: StreamSlots
  }
}

type ExportOptions = { perUser: number; perProcess: number }

async function exports(app: FastifyInstance, { perUser, perProcess }: ExportOptions) {
  app.decorate('exportSlots', new StreamSlots({ perCaller: perUser, perProcess }))
}

export default fp(exports, { name: 'exports' })
