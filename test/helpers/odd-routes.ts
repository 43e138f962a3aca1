import { Readable } from 'node:stream'
import type { FastifyPluginAsync } from 'fastify'
import { Overloaded } from '../../src/lib/errors/errors.js'

const brokenStream = () =>
  new Readable({
    read() {
      this.destroy(new Error('nothing was sent yet'))
    },
  })

/** Routes for tests: responses that no route of the application sends. */
export const oddRoutes: FastifyPluginAsync = async (app) => {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, public: true }
    route.schema = { ...route.schema, hide: true }
  })
  app.get('/limited', { config: { rateLimits: { limit: '1 per hour', key: 'address' } } }, async () => ({}))
  app.get('/own', async (_request, reply) =>
    reply.headers({ 'X-Frame-Options': 'SAMEORIGIN', 'cache-control': 'private' }).send({}),
  )
  app.get('/two-cookies', async (_request, reply) =>
    reply.header('set-cookie', 'a=1').header('set-cookie', 'b=2').send(),
  )
  app.get('/fails-late', async (_request, reply) => {
    reply.code(201).headers({ 'cache-control': 'private', 'x-part': 'set' })
    throw new Error('failed after some headers were set')
  })
  app.get('/stream', async (_request, reply) => reply.send(Readable.from(['a', 'b'])))
  app.get('/own-stream', async (_request, reply) =>
    reply.header('cache-control', 'private').send(Readable.from(['a', 'b'])),
  )
  app.get('/broken-stream', async (_request, reply) => reply.send(brokenStream()))
  app.get('/overloaded', async () => {
    throw new Overloaded()
  })
  app.get('/not-modified', async (_request, reply) => reply.code(304).header('etag', '"1"').send())
  app.get('/hijacked', async (_request, reply) => {
    reply.hijack().raw.writeHead(200, { 'Cache-Control': 'private', 'Content-Length': 0 }).end()
  })
  app.get('/hijacked-list', async (_request, reply) => {
    reply.hijack().raw.writeHead(200, ['Cache-Control', 'private', 'Content-Length', '0']).end()
  })
  app.get('/hijacked-pairs', async (_request, reply) => {
    const pairs: [string, string][] = [
      ['Cache-Control', 'private'],
      ['Content-Length', '0'],
    ]
    reply
      .hijack()
      .raw.writeHead(200, pairs as never)
      .end()
  })
  app.get('/hijacked-early', async (_request, reply) => {
    const { raw } = reply.hijack()
    raw.setHeader('Cache-Control', 'private')
    raw.writeHead(200, { 'Content-Length': 0 }).end()
  })
  app.get('/hijacked-bare', async (_request, reply) => {
    reply.hijack().raw.end()
  })
}
