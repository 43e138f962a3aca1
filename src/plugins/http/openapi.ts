import swagger from '@fastify/swagger'
import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../lib/schema/problem-schema.js'
import { API_INFO } from '../../openapi/api-description.js'
import { portableDocument } from '../../openapi/portable-document.js'
import { describeRoute, type FailureKind } from '../../openapi/route-docs.js'
import { describePolicy } from '../../rate-limit/policies.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * For the documentation: failures that cannot be derived from the
     * route's schema and policy. Default: none.
     */
    failures?: readonly FailureKind[]
  }
}

const describe = ({ method, schema = {}, handler, config = {} }: RouteOptions, hasLocation: boolean) =>
  schema.hide
    ? schema
    : describeRoute({
        method: String(method),
        schema: { ...schema },
        operationId: handler.name,
        isPublic: config.public === true,
        role: config.role,
        permission: config.permission,
        failures: config.failures ?? [],
        hasLocation,
        rateLimits: config.limiter?.policies.map(describePolicy) ?? [],
      })

/** Collects the schemas of all routes in an OpenAPI 3.1 document. */
async function openApi(app: FastifyInstance, { version }: { version: string }) {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { ...API_INFO, version },
      // A relative URL is right behind any proxy, and is the only server that the page's CSP lets it call.
      servers: [{ url: app.publicPath || '/', description: 'This server' }],
      // Routes add their tags later: the list is read when the document is generated.
      tags: app.tags as { name: string; description: string }[],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
      security: [{ bearer: [] }],
    },
    transformObject: portableDocument,
    transform: ({ url, route }) => ({ url, schema: describe(route, app.isReadBelow(url)) }),
    // Shared schemas keep their names, instead of `def-0`, `def-1` and so on.
    refResolver: { buildLocalReference: (json) => String(json.$id) },
  })
  app.addSchema(Problem)
}

export default fp(openApi, { name: 'openapi', dependencies: ['api-tags', 'known-paths', 'public-path'] })
