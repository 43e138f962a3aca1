import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { PRODUCT } from '../../lib/product.js'

/** Serves the OpenAPI document as an interactive page, as JSON and as YAML. */
async function swaggerUi(app: FastifyInstance) {
  app.register(swaggerUiRoutes)
}

async function swaggerUiRoutes(docs: FastifyInstance) {
  docs.addHook('onRoute', (route) => {
    route.config = { ...route.config, public: true }
  })
  await docs.register(fastifySwaggerUi, {
    routePrefix: '/api-docs',
    theme: { title: `${PRODUCT.title} API` },
    uiConfig: {
      // Hides the bar that opens other documents: it is useless here, and needs an inline style.
      layout: 'BaseLayout',
      deepLinking: true,
      defaultModelsExpandDepth: 0,
      persistAuthorization: true,
      displayRequestDuration: true,
      tryItOutEnabled: true,
    },
    // The server's own content security policy is enough: nothing on the page is inline.
    staticCSP: false,
  })
}

export default fp(swaggerUi, { name: 'swagger-ui', dependencies: ['auth', 'openapi'] })
