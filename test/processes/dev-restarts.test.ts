import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { copyCheckout } from '../helpers/checkout.js'
import { createEmptyDatabase } from '../helpers/database.js'
import { allReady, groupOf, newPlace, startDev } from '../helpers/dev.js'
import { eventually } from '../helpers/eventually.js'
import t, { type Test } from '../tap.js'

const WELCOME = 'src/routes/system/index.ts'

/** Starts `npm run dev` in a copy of this repository, whose files the test may change. */
async function startDevInCopy(t: Test) {
  const { url: DATABASE_MIGRATION_URL, appUrl: DATABASE_URL } = await createEmptyDatabase(t)
  const { env, logFile } = newPlace(t)
  const cwd = copyCheckout(t)
  const dev = await startDev(t, { cwd, env: { ...env, DATABASE_URL, DATABASE_MIGRATION_URL } })
  await allReady(dev)
  const edit = (file: string, change = (source: string) => `${source}\n`) => {
    const path = join(cwd, file)
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }
  const count = (pattern: RegExp) => dev.stdout().match(pattern)?.length ?? 0
  /** Waits until the programs have started so many times, and checks that none has more often. */
  const started = async (t: Test, wanted: { api: number; worker: number }) => {
    const starts = () => ({ api: count(/listening at/g), worker: count(/waiting for jobs/g) })
    await eventually(() => starts().api >= wanted.api && starts().worker >= wanted.worker)
    t.strictSame(starts(), wanted)
  }
  const url = dev.url.replace('localhost', '127.0.0.1')
  return { ...dev, url, logFile, edit, started }
}

type Dev = Awaited<ReturnType<typeof startDevInCopy>>

/** Changes where the welcome page redirects to. */
const redirectTo = (dev: Dev, path: string) =>
  dev.edit(WELCOME, (source) => source.replace(/reply\.redirect\(.*?\)/, `reply.redirect('${path}')`))

async function redirectOf({ url }: Dev) {
  const response = await fetch(url, { redirect: 'manual' })
  return response.headers.get('location')
}

t.test('a change restarts the programs that load the file', async (t) => {
  const dev = await startDevInCopy(t)
  await dev.started(t, { api: 1, worker: 1 })

  dev.edit('src/static/pages.css', () => 'body { color: rebeccapurple }')
  t.match(await (await fetch(`${dev.url}/static/pages.css`)).text(), 'rebeccapurple', 'read for each request')
  dev.edit('src/scripts/jobs.ts')

  dev.edit('src/routes/me/index.ts')
  await dev.says(/src\/routes\/me\/index\.ts has changed: restarting the API\n/)
  t.equal((await fetch(`${dev.url}/readyz`)).status, 200)
  await dev.started(t, { api: 2, worker: 1 })

  dev.edit('package.json')
  await dev.says(/package\.json has changed: restarting the API and the worker\n/)
  await dev.started(t, { api: 3, worker: 2 })

  dev.edit('src/workers/purge-expired.ts')
  await dev.says(/src\/workers\/purge-expired\.ts has changed: restarting the worker\n/)
  await dev.started(t, { api: 3, worker: 3 })

  // By now, the process that waits to become the API has loaded the old text.
  dev.edit('src/emails/password-changed.ts', (source) =>
    source.replace(/subject: .*/, "subject: 'New text',"),
  )
  await dev.says(/src\/emails\/password-changed\.ts has changed: restarting the API and the worker\n/)
  t.match(await (await fetch(`${dev.url}/dev/mail/preview/password-changed`)).text(), 'New text')
  await dev.started(t, { api: 4, worker: 4 })
  t.notMatch(dev.stdout(), /(pages\.css|jobs\.ts) has changed/)
})

t.test('requests during a restart wait for the new API', async (t) => {
  const dev = await startDevInCopy(t)
  const agent = new http.Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const headers = { 'content-type': 'application/json', 'content-length': 2 }
  const inFlight = http.request(`${dev.url}/api/v1/auth/login`, { method: 'POST', headers, agent })
  inFlight.write('{')
  const silent = net.connect(Number(new URL(dev.url).port), '127.0.0.1')
  const silentClosed = once(silent, 'close')
  await once(silent, 'connect')
  t.equal(await redirectOf(dev), '/api-docs')

  redirectTo(dev, '/first')
  await dev.says(/has changed: restarting the API\n/)
  const waited = await Promise.all(Array.from({ length: 20 }, () => redirectOf(dev)))
  t.strictSame(new Set(waited), new Set(['/first']))
  inFlight.end('}')
  const [answer] = (await once(inFlight, 'response')) as [http.IncomingMessage]
  t.equal(answer.statusCode, 400, 'the old API answers the request that it had begun')
  await silentClosed
  await eventually(() => groupOf(dev.pid).filter((line) => line.includes('src/server.ts')).length === 2)

  redirectTo(dev, '/second')
  await eventually(async () => (await redirectOf(dev)) === '/second')
  const lines = readFileSync(dev.logFile, 'utf8')
  t.match(lines, /"ip":"127\.0\.0\.1"/)
  t.notMatch(lines, /not everything has closed/)

  process.kill(-dev.pid, 'SIGINT')
  t.match(await dev.ended, { code: 0, stderr: '' })
  t.strictSame(groupOf(dev.pid), [])
})
