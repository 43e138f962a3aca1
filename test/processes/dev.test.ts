import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from '../../src/embedded-postgres/process-identity.js'
import { openPostgres } from '../../src/lib/database-url/index.js'
import { allReady, DEV_COMMAND, groupOf, newPlace, startDev } from '../helpers/dev.js'
import { ends, serverOf } from '../helpers/embedded-dir.js'
import { eventually } from '../helpers/eventually.js'
import { occupyPort } from '../helpers/ports.js'
import { run, startProcess } from '../helpers/process.js'
import { signInAt } from '../helpers/server.js'
import t, { type Test } from '../tap.js'

const ADMIN = 'admin@example.com'
const BOB = { email: 'bob@example.com', password: 'a long and quiet sentence' }

const signsIn = async (url: string, credentials: { email: string; password: string }) =>
  (await signInAt(url, credentials)).accessToken !== undefined

async function readAs(url: string, password: string, path: string) {
  const { accessToken } = await signInAt(url, { email: ADMIN, password })
  const headers = { authorization: `Bearer ${accessToken}` }
  return await (await fetch(`${url}/api/v1${path}`, { headers })).json()
}

async function createBob(t: Test, env: NodeJS.ProcessEnv) {
  const flags = ['--email', BOB.email, '--first-name', 'Bob', '--last-name', 'Test', '--password-stdin']
  const command = ['node', '--import', 'tsx', 'scripts/create-user.ts', ...flags] as const
  const script = startProcess(t, command, { env, stdin: 'pipe' })
  script.child.stdin?.end(BOB.password)
  return script.ended
}

t.test(
  'the first start shows a password once, and later starts and other terminals share its data',
  async (t) => {
    const place = newPlace(t)
    const first = await startDev(t, place)
    const [, password = ''] = await first.says(/E-mail +admin@example\.com\n +Password +(\S{20,})\n/)
    const admin = { email: ADMIN, password }
    await allReady(first)
    t.equal((await fetch(`${first.url}/api-docs/`)).status, 200)
    t.match(await readAs(first.url, password, '/me'), { role: 'super_admin', status: 'active' })
    const { data } = (await readAs(first.url, password, '/audit-logs?tableName=users')) as { data: unknown[] }
    t.match(data.at(-1), { action: 'create', actor: 'cli:dev', userId: null })

    const [, databaseUrl = ''] = await first.says(/psql '(postgres:.*)'\n/)
    const sql = openPostgres(databaseUrl, { max: 1 })
    t.match(await sql`select email, current_setting('app.scope') as scope from users`, [
      { email: ADMIN, scope: 'platform' },
    ])
    await sql.end()
    await first.says(new RegExp(`Log file +${place.logFile}\\n`))

    const second = await startDev(t, place)
    t.not(second.url, first.url)
    t.ok(await signsIn(second.url, admin), 'another terminal uses the same database')
    t.match(await createBob(t, place.env), { code: 0, stderr: '' })
    t.ok(await signsIn(second.url, BOB), 'a script uses the same database')

    const server = serverOf(place.postgres)
    process.kill(-first.pid, 'SIGINT')
    t.match(await first.ended, { code: 0, stderr: '' })
    t.strictSame(groupOf(first.pid), [], 'Ctrl-C leaves nothing running')
    t.ok(isRunning(server), 'the database of the other terminal runs on')
    t.ok(await signsIn(second.url, admin))
    second.child.kill('SIGHUP')
    t.match(await second.ended, { code: 0, stderr: '' })
    t.strictSame(groupOf(second.pid), [], 'a closed terminal leaves nothing running')
    t.notOk(isRunning(server), 'the last process stops the database')

    const third = await startDev(t, place)
    t.ok(await signsIn(third.url, admin), 'the data is kept')
    third.child.kill('SIGTERM')
    t.match(await third.ended, { code: 0, stderr: '' })
    t.strictSame(groupOf(third.pid), [])
    t.equal(first.stdout().split(password).length, 2)
    t.notMatch(second.stdout() + third.stdout(), /password/i)
    t.notOk(readFileSync(place.logFile, 'utf8').includes(password), 'the log does not contain the password')
  },
)

t.test('creates no user where one exists, and leaves nothing running when killed', async (t) => {
  const place = newPlace(t)
  t.match(await createBob(t, place.env), { code: 0, stderr: '' })
  const dev = await startDev(t, place)
  await allReady(dev)
  t.notMatch(dev.stdout(), /password/i)
  const server = serverOf(place.postgres)
  dev.child.kill('SIGKILL')
  await eventually(() => groupOf(dev.pid).length === 0)
  t.ok(await ends(server))
})

t.test('reports what prevents a start in one line before touching anything', async (t) => {
  const place = newPlace(t)
  const refuses = async (env: NodeJS.ProcessEnv, line: RegExp) => {
    const { code, stdout, stderr } = await run(t, DEV_COMMAND, { env: { ...place.env, ...env } })
    t.strictSame({ code, stdout }, { code: 1, stdout: '' })
    t.match(stderr, line)
    t.match(stderr, /^[^\n]+\n$/)
  }
  const port = await occupyPort(t)
  await refuses({ PORT: port }, new RegExp(`^Port ${port} of 127.0.0.1 is in use: .* PORT`))
  await refuses({ HOST: '192.0.2.1' }, /^HOST is 192.0.2.1, which is not an address of this machine/)
  await refuses({ NODE_ENV: 'production' }, /NODE_ENV=production: use npm start/)
  t.throws(() => readFileSync(place.logFile), { code: 'ENOENT' })

  mkdirSync(join(place.postgres, 'cluster'), { recursive: true })
  await refuses({}, /^the database in .* is damaged, files are missing: remove .* DATABASE_URL/)
  await refuses(
    { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' },
    /^cannot connect to database c at 127.0.0.1:1/,
  )
})
