import { isCustomFormat } from '../lib/schema/formats.js'

/**
 * Without the formats that this server alone knows: generators and validators that meet one may refuse the whole document.
 * `transformObject` of @fastify/swagger.
 */
export function portableDocument(documents: object): object {
  const { openapiObject } = documents as { openapiObject: object }
  return JSON.parse(
    JSON.stringify(openapiObject, (key, value) =>
      key === 'format' && isCustomFormat(value) ? undefined : value,
    ),
  )
}
