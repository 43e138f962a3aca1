import fastifyCors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ALLOWED_HEADERS, corsHeaders, EXPOSED_HEADERS } from '../../lib/http/cors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** For answers before which no hook runs. */
    corsHeaders: (origin: string | undefined) => Record<string, string>
  }
}

const PREFLIGHT_MAX_AGE_SECONDS = 600

/** Origins are compared as a whole, never by their ends. Tokens travel in a header, so no credentials are allowed. */
async function cors(app: FastifyInstance, { origins }: { origins: readonly string[] }) {
  app.decorate('corsHeaders', (origin) => corsHeaders(origins, origin))
  if (origins.length === 0) return
  // The plugin's catch-all would answer a preflight where there is nothing: paths that exist have OPTIONS routes of their own.
  app.addHook('onRoute', (route) => {
    if (route.url === '*') route.config = { ...route.config, cors: false, public: true } as object
  })
  await app.register(fastifyCors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ALLOWED_HEADERS,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
    strictPreflight: false,
    preflightContinue: true,
  })
}

export default fp(cors, { name: 'cors' })
