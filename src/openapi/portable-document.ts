import { isCustomFormat } from '../lib/schema/formats.js'

/** The message of a pattern is a keyword of our own, beside it. */
const isPatternMessage = (key: string, parent: Record<string, unknown>): boolean =>
  key === 'expected' && typeof parent.pattern === 'string'

/**
 * Removes the messages of patterns, and custom formats, because some generators and validators refuse a
 * document with unknown formats. For `transformObject` of @fastify/swagger.
 */
export function portableDocument(documents: object): object {
  const { openapiObject } = documents as { openapiObject: object }
  return JSON.parse(
    JSON.stringify(openapiObject, function omit(this: Record<string, unknown>, key, value) {
      const isOmitted = (key === 'format' && isCustomFormat(value)) || isPatternMessage(key, this)
      return isOmitted ? undefined : value
    }),
  )
}
