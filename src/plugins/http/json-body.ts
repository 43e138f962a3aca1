import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { UnsupportedMediaType } from '../../lib/errors/errors.js'
import { parseJson } from '../../lib/http/json.js'
import { isPlainUtf8 } from '../../lib/http/plain-utf8.js'

/**
 * Accepts uncompressed JSON in UTF-8 and nothing else. Fastify would also accept `text/plain`, which any page
 * may post across origins without a preflight (OWASP ASVS 5.0, 3.5.2), and would parse a compressed body or
 * another encoding as if it were plain UTF-8.
 */
async function jsonBody(app: FastifyInstance) {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async ({ headers }: { headers: IncomingHttpHeaders }, body: Buffer) => {
      if (!isPlainUtf8(headers)) throw new UnsupportedMediaType()
      // Many clients send the header without a body. The schema decides whether a body is required.
      return body.length === 0 ? undefined : parseJson(body)
    },
  )
}

export default fp(jsonBody, { name: 'json-body' })
