import { createServer, type Socket } from 'node:net'
import { BOARD, buildDashboard } from '../helpers/dashboard.js'
import { eventually } from '../helpers/eventually.js'
import { openProxy } from '../helpers/proxy.js'
import t, { type Test } from '../tap.js'

const REDIS_DATABASE = 13
const API = `${BOARD}/api`
const READS = ['/queues', '/job-schedulers', '/redis/stats', '/queues/jobs/1']

/** A server that accepts connections and never answers. */
async function openSilence(t: Test) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return `redis://127.0.0.1:${port}`
}

t.test('shows that the queue is unavailable and waits for nothing', async (t) => {
  for (const REDIS_URL of ['redis://127.0.0.1:1', await openSilence(t)]) {
    const { app, browser } = await buildDashboard(t, { config: { REDIS_URL } })
    await browser.signIn()
    t.equal((await browser.get('/readyz')).status, 200)
    t.equal((await browser.get(BOARD)).status, 200)
    for (const path of READS) {
      const answer = await browser.get(API + path)
      t.match(
        [answer.status, answer.headers['retry-after'], answer.json().error],
        [503, '1', /Temporarily unavailable/],
      )
    }
    await app.close()
  }
})

const skip = process.env.REDIS_TEST_URL === undefined && 'REDIS_TEST_URL is not set'
t.test('shows the queue again when it is back', { skip }, async (t) => {
  const proxy = await openProxy(t, `${process.env.REDIS_TEST_URL}/${REDIS_DATABASE}`)
  const { app, browser } = await buildDashboard(t, { config: { REDIS_URL: proxy.url } })
  await browser.signIn()
  const read = async () => (await browser.get(`${API}/queues`)).status
  t.equal(await read(), 200)
  proxy.reset()
  await eventually(async () => (await read()) === 200)
  proxy.freeze()
  t.equal(await read(), 503)
  proxy.thaw()
  await eventually(async () => (await read()) === 200)
  proxy.close()
  t.equal(await read(), 503)
  await app.close()
})
