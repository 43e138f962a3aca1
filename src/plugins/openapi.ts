import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { TAGS } from '../lib/tags.js'

type OpenApiOptions = { version: string; publicUrl: string }

const DESCRIPTION = `Sign in with \`POST /api/v1/auth/login\`, press **Authorize**, paste the \`accessToken\`, and try everything out.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`. Lists are paged with \`limit\` and \`cursor\`.`

/** The routes' schemas, as one OpenAPI 3.1 document and as Swagger UI. */
async function openApi(app: FastifyInstance, { version, publicUrl }: OpenApiOptions) {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Groundwork API',
        version,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: publicUrl }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
      security: [{ bearer: [] }],
    },
    // Shared schemas keep their names, instead of `def-0`, `def-1` and so on.
    refResolver: { buildLocalReference: (json) => String(json.$id) },
  })
  app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true }
    })
    await docs.register(swaggerUi, {
      routePrefix: '/api-docs',
      uiConfig: {
        deepLinking: true,
        persistAuthorization: true,
        displayRequestDuration: true,
        tryItOutEnabled: true,
      },
      // The server's own policy serves the document's page, too: nothing on it is inline.
      staticCSP: false,
    })
  })
}

export default fp(openApi, { name: 'openapi', dependencies: ['auth'] })
