import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { UnsupportedMediaType } from '../../lib/errors/errors.js'
import { parseJson } from '../../lib/http/json.js'
import { isPlainUtf8 } from '../../lib/http/plain-utf8.js'

/**
 * JSON alone is understood, and only as it was sent. Fastify would also take `text/plain`, which any page may post across
 * origins without a preflight (OWASP ASVS 5.0, 3.5.2), and would read a compressed body or another encoding as if it were none.
 */
async function jsonBody(app: FastifyInstance) {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async ({ headers }: { headers: IncomingHttpHeaders }, body: Buffer) => {
      if (!isPlainUtf8(headers)) throw new UnsupportedMediaType()
      // Many clients name the type even where they send nothing: whether a body is needed is for the schema to say.
      return body.length === 0 ? undefined : parseJson(body)
    },
  )
}

export default fp(jsonBody, { name: 'json-body' })
