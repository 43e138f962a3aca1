import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * The tags of routes in more than one file. Others are only declared where they are used: `app.tag(…)`.
 */
export type Tag = 'Audit log' | 'Authentication' | 'My account' | 'Organizations'

type ApiTag = { name: string; description: string }

declare module 'fastify' {
  interface FastifyInstance {
    /** Adds a tag to the API documentation. Returns the value for the `tags` of its routes. */
    tag: (name: string, description: string) => string[]
    /** All tags added so far, in order. */
    tags: readonly ApiTag[]
  }
}

async function apiTags(app: FastifyInstance) {
  const tags: ApiTag[] = []

  app.decorate('tags', tags)
  app.decorate('tag', (name, description) => {
    tags.push({ name, description })
    return [name]
  })
}

export default fp(apiTags, { name: 'api-tags' })
