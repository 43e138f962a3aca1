import formBody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { UnsupportedMediaType } from '../../lib/errors/errors.js'
import { isPlainUtf8 } from '../../lib/http/plain-utf8.js'

/** Several times the size of two passwords of maximum length, percent-encoded. */
const FORM_LIMIT_BYTES = 16_384

/** For the pages: accepts bodies of HTML forms and nothing else. */
async function forms(app: FastifyInstance) {
  app.removeAllContentTypeParsers()
  await app.register(formBody, { bodyLimit: FORM_LIMIT_BYTES })
  app.addHook('preParsing', async ({ headers }) => {
    if (!isPlainUtf8(headers)) throw new UnsupportedMediaType()
  })
}

export default fp(forms, { name: 'form-body' })
