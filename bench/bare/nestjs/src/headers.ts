import type { NestFastifyApplication } from '@nestjs/platform-fastify'

const OF_ONE_RESPONSE = [
  'content-type',
  'content-length',
  'date',
  'connection',
  'keep-alive',
  'x-request-id',
  'www-authenticate',
]

/** Sends the headers of the compared server, and the request id. */
export async function addHeaders(app: NestFastifyApplication): Promise<void> {
  const { headers: theirs } = await fetch(`${process.env.OURS}/api/v1/me`)
  const headers = Object.fromEntries([...theirs].filter(([name]) => !OF_ONE_RESPONSE.includes(name)))
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      reply.headers({ ...headers, 'x-request-id': request.id })
      done()
    })
}
