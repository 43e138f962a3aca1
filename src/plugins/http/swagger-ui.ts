import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** The document as a page on which everything can be tried out, and as JSON and YAML. */
async function swaggerUi(app: FastifyInstance) {
  app.register(swaggerUiRoutes)
}

async function swaggerUiRoutes(docs: FastifyInstance) {
  docs.addHook('onRoute', (route) => {
    route.config = { ...route.config, public: true }
  })
  await docs.register(fastifySwaggerUi, {
    routePrefix: '/api-docs',
    theme: { title: 'Groundwork API' },
    uiConfig: {
      // Without the bar that opens any document: it has nothing to offer here, and an inline style.
      layout: 'BaseLayout',
      deepLinking: true,
      defaultModelsExpandDepth: 0,
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
    },
    // The server's own policy serves the document's page, too: nothing on it is inline.
    staticCSP: false,
  })
}

export default fp(swaggerUi, { name: 'swagger-ui', dependencies: ['auth', 'openapi'] })
