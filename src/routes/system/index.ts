import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { isHealthy } from '../../db/lifecycle/readiness.js'
import { LinkedPageQuery } from '../../lib/schema/schemas.js'
import Type from '../../lib/schema/type.js'
import { API_DOCS_PATH } from '../../views/api-docs.js'
import { homePage } from '../../views/home.js'
import { HTML_MEDIA_TYPE } from '../../views/layout.js'

const config = { public: true } as const

const Readiness = Type.Object(
  {
    status: Type.String({ description: '`ready`, `degraded` or `not ready`.' }),
    checks: Type.Unsafe<Record<string, string>>({
      ...Type.Record(Type.String(), Type.String()),
      description: 'By part of the system: `ok`, `degraded: …`, `ahead: …`, or what is wrong.',
    }),
  },
  {
    examples: [
      {
        status: 'ready',
        checks: { database: 'ok', migrations: 'ok', audit: 'ok', rateLimits: 'ok', load: 'ok' },
      },
    ],
  },
)

const KeySet = Type.Object({
  keys: Type.Array(Type.Unsafe<object>({ type: 'object', additionalProperties: true })),
})

/** Clients need no request for each token, but still know a new key before it signs. */
const KEY_SET_MAX_AGE_SECONDS = 300

export type SystemOptions = { frontendUrl: string | undefined }

const systemRoutes: FastifyPluginAsyncTypebox<SystemOptions> = async (app, { frontendUrl }) => {
  const tags = app.tag('System', 'Health, readiness and keys.')
  const hasApiDocs = app.knownPaths.has(API_DOCS_PATH)

  app.get(
    '/',
    { schema: { hide: true, querystring: LinkedPageQuery({}) }, config },
    async function welcome(_request, reply) {
      return hasApiDocs
        ? reply.redirect(API_DOCS_PATH)
        : reply.type(HTML_MEDIA_TYPE).send(homePage(frontendUrl))
    },
  )

  app.get(
    '/healthz',
    {
      schema: {
        tags,
        summary: 'Check that the process is alive',
        description:
          'For process managers, which restart the process when this check fails. It does not check the database or ' +
          'Redis: restarting the process would not repair them.',
        response: { 200: Type.Object({ status: Type.Literal('ok') }) },
      },
      config: { ...config, rateLimits: false, neverShed: true },
    },
    async function getHealth() {
      return { status: 'ok' as const }
    },
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'Check that the process can serve requests',
        description:
          'For load balancers. With a 503, `checks` names what is unavailable; a process that shuts down returns it at once. ' +
          '`degraded` means that it serves requests, but has something to repair. `ahead` names the migrations of a newer ' +
          'release, which is normal while that is being rolled out.',
        response: { 200: Readiness, 503: Readiness },
      },
      config: { ...config, rateLimits: false, neverShed: true },
    },
    async function getReadiness(_request, reply) {
      const checks = await app.checkReadiness()
      const states = Object.values(checks)
      const isReady = states.every((state) => isHealthy(state) || state.startsWith('degraded: '))
      const status = states.every(isHealthy) ? 'ready' : 'degraded'
      return reply.code(isReady ? 200 : 503).send({ status: isReady ? status : 'not ready', checks })
    },
  )

  app.get(
    '/.well-known/jwks.json',
    {
      schema: {
        tags,
        summary: 'Get the public keys of the access tokens',
        description: 'A JWK set (RFC 7517), for services that verify access tokens themselves.',
        response: { 200: KeySet },
      },
      config,
    },
    async function getKeys(_request, reply) {
      reply.header('cache-control', `public, max-age=${KEY_SET_MAX_AGE_SECONDS}`)
      return { keys: [...app.accessTokens.publicKeys] }
    },
  )
}

export default systemRoutes
