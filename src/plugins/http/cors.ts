import fastifyCors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ALLOWED_HEADERS, corsHeaders, EXPOSED_HEADERS } from '../../lib/http/cors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** For responses that are sent before any hook runs. */
    corsHeaders: (origin: string | undefined) => Record<string, string>
  }
}

const PREFLIGHT_MAX_AGE_SECONDS = 600

/**
 * Compares whole origins, never suffixes. Tokens are sent in a header,
 * so credentials (cookies) are not allowed.
 *
 * @param options.origins the allowed origins; `*` allows all, an empty list turns CORS off
 */
async function cors(app: FastifyInstance, { origins }: { origins: readonly string[] }) {
  app.decorate('corsHeaders', (origin) => corsHeaders(origins, origin))
  if (origins.length === 0) return
  // Otherwise the plugin's catch-all would accept a preflight for
  // unknown paths. Known paths have OPTIONS routes.
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
