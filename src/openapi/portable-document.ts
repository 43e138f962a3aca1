import { isCustomFormat } from '../lib/schema/formats.js'

/**
 * Removes custom formats, because some generators and validators refuse a document with unknown
 * formats. For `transformObject` of @fastify/swagger.
 */
export function portableDocument(documents: object): object {
  const { openapiObject } = documents as { openapiObject: object }
  return JSON.parse(
    JSON.stringify(openapiObject, (key, value) =>
      key === 'format' && isCustomFormat(value) ? undefined : value,
    ),
  )
}
