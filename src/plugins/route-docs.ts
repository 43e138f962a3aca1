import type { FastifyInstance, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { PROBLEM_MEDIA_TYPE } from '../lib/problem.js'
import { Problem } from '../lib/problem-schema.js'
import { ref } from '../lib/schemas.js'

const DESCRIPTIONS: Record<number, string> = {
  400: 'The input does not fit the schema',
  401: 'No valid access token',
  403: 'Not allowed',
  404: 'Nothing here',
  413: 'The body is too large',
  415: 'The body is not JSON',
  500: 'A failure on our side',
  503: 'Not available for the moment',
}

const problemAnswer = (status: number) => ({
  description: DESCRIPTIONS[status],
  content: { [PROBLEM_MEDIA_TYPE]: { schema: ref(Problem) } },
})

/** The errors that follow from what the route says of itself. */
function errorStatuses({ config, schema }: RouteOptions): number[] {
  const asked: [number, unknown][] = [
    [400, true],
    [401, !config?.public],
    [403, config?.role],
    [404, schema?.params],
    [413, schema?.body],
    [415, schema?.body],
    [500, true],
    [503, true],
  ]
  return asked.filter(([, applies]) => applies).map(([status]) => status)
}

/** Completes each route's documentation from its policy, so that no route can forget to tell its error answers. */
async function routeDocs(app: FastifyInstance) {
  app.addSchema(Problem)
  app.addHook('onRoute', (route) => {
    if (route.schema?.hide) return
    const errors = Object.fromEntries(errorStatuses(route).map((status) => [status, problemAnswer(status)]))
    const response = { ...errors, ...(route.schema?.response as object) }
    route.schema = {
      operationId: route.handler.name,
      ...(route.config?.public && { security: [] }),
      ...route.schema,
      response,
    }
  })
}

export default fp(routeDocs, { name: 'route-docs', dependencies: ['openapi'] })
