import fastifyCors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

const PREFLIGHT_MAX_AGE_SECONDS = 600

/** Origins are compared as a whole, never by their ends. Tokens travel in a header, so no credentials are allowed. */
async function cors(app: FastifyInstance, { origins }: { origins: readonly string[] }) {
  if (origins.length === 0) return
  // The plugin's catch-all would answer a preflight where there is nothing: paths that exist have OPTIONS routes of their own.
  app.addHook('onRoute', (route) => {
    if (route.url === '*') route.config = { ...route.config, cors: false, public: true } as object
  })
  await app.register(fastifyCors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
    exposedHeaders: ['location', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
    strictPreflight: false,
    preflightContinue: true,
  })
}

export default fp(cors, { name: 'cors' })
