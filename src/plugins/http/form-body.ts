import formBody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { UnsupportedMediaType } from '../../lib/errors/errors.js'
import { isPlainUtf8 } from '../../lib/http/plain-utf8.js'

/** Two passwords of the greatest length, percent-encoded, several times over. */
const FORM_LIMIT_BYTES = 16_384

/** Where pages are, bodies are forms, and nothing else is understood. */
async function forms(app: FastifyInstance) {
  app.removeAllContentTypeParsers()
  await app.register(formBody, { bodyLimit: FORM_LIMIT_BYTES })
  app.addHook('preParsing', async ({ headers }) => {
    if (!isPlainUtf8(headers)) throw new UnsupportedMediaType()
  })
}

export default fp(forms, { name: 'form-body' })
