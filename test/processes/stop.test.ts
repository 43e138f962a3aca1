import { once } from 'node:events'
import { connect as openSocket } from 'node:net'
import { connect, createTestDatabase } from '../helpers/database.js'
import { ends, newDataDir, serverOf } from '../helpers/embedded-dir.js'
import { eventually } from '../helpers/eventually.js'
import { insertUser, signInAt, spawnServer, startServer } from '../helpers/server.js'
import t from '../tap.js'

/** A kept-alive connection; `get` returns the raw response. */
async function openKeptConnection(url: string) {
  const { hostname, port } = new URL(url)
  const socket = openSocket(Number(port), hostname)
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    received += chunk
  })
  const closed = once(socket, 'close')
  const get = async (path: string): Promise<string> => {
    received = ''
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
    await eventually(() => received.includes('\r\n\r\n{'))
    return received
  }
  return { get, closed }
}

t.test(
  'a shutdown serves until load balancers notice, finishes requests in flight, and exits with 0',
  async (t) => {
    const database = await createTestDatabase(t)
    const credentials = await insertUser(t, database)
    const server = await startServer(t, { env: { DATABASE_URL: database.url, SHUTDOWN_DRAIN_SECONDS: '4' } })
    const { accessToken } = await signInAt(server.url, credentials)
    const headers = { authorization: `Bearer ${accessToken}` }
    const [busy, idle] = [await openKeptConnection(server.url), await openKeptConnection(server.url)]
    for (const connection of [busy, idle]) t.notMatch(await connection.get('/healthz'), /connection: close/i)

    const sql = connect(t, database.ownerUrl)
    const isWaiting = async () =>
      (await sql`select from pg_locks where relation = 'users'::regclass and not granted`).length > 0
    const { inFlight } = await sql.begin(async (tx) => {
      await tx`lock table users in access exclusive mode`
      const inFlight = fetch(`${server.url}/api/v1/me`, { headers })
      await eventually(isWaiting)

      server.child.kill('SIGTERM')
      await eventually(async () => (await fetch(`${server.url}/readyz`)).status === 503)
      server.child.kill('SIGTERM')
      server.child.kill('SIGINT')

      const unready = await fetch(`${server.url}/readyz`)
      t.match(await unready.json(), { status: 'not ready', checks: { server: 'shutting down' } })
      t.equal((await fetch(`${server.url}/healthz`)).status, 200, 'new connections are still served')
      t.match(
        await busy.get('/healthz'),
        /^HTTP\/1.1 200 [\s\S]*\r\nconnection: close\r\n/i,
        'a kept-alive connection is told to close',
      )
      await busy.closed
      return { inFlight }
    })
    const finished = await inFlight
    t.equal(finished.status, 200, 'the request in flight is finished')
    t.equal(finished.headers.get('connection'), 'close')
    t.match(await server.ended, { code: 0, signal: null })
    await idle.closed
    t.match((await server.ended).stdout.match(/shutting down/g), { length: 1 })
    t.equal((await server.ended).stderr, '')
    await t.rejects(fetch(`${server.url}/healthz`))
  },
)

t.test('Ctrl-C stops the server and its database', async (t) => {
  const dataDir = newDataDir(t)
  const server = await startServer(t, { env: { DATA_DIR: `${dataDir}/..` } })
  const database = serverOf(dataDir)
  server.child.kill('SIGINT')
  t.match(await server.ended, { code: 0, signal: null })
  t.ok(await ends(database))
})

t.test('reports the address to its parent and ends with it', async (t) => {
  const { url } = await createTestDatabase(t)
  const options = { env: { DATABASE_URL: url }, ipc: true }
  const server = await spawnServer(t, options)
  t.match(await once(server.child, 'message'), [{ ready: /^http:\/\/127\.0\.0\.1:\d+$/ }])
  server.child.disconnect()
  t.match(await server.ended, { code: 0, signal: null })

  const abandoned = await spawnServer(t, options)
  abandoned.child.disconnect()
  const { code, stderr } = await abandoned.ended
  t.strictSame({ code, stderr }, { code: 0, stderr: '' }, 'ends when its parent leaves before it is ready')
})
