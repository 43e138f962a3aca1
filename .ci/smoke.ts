/** What the README says about production, done once: two roles, migrations, the first user, API and worker, and their end. */
import { strict as assert } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'

const { DATABASE_URL = '', REDIS_URL, PATH, HOME } = process.env
const PORT = 3000 + Math.floor(Math.random() * 50_000)
const ORIGIN = `http://127.0.0.1:${PORT}`
const CREDENTIALS = { email: 'ada@example.com', password: randomBytes(18).toString('base64url') }
const START_TIMEOUT_MS = 60_000

const env = {
  PATH,
  HOME,
  CONFIG_FILE: 'off',
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: String(PORT),
  PUBLIC_URL: 'https://api.example.test',
  REDIS_URL,
  SMTP_URL: 'smtp://127.0.0.1:25',
  LOG_FILE_PATH: 'off',
  SHUTDOWN_DRAIN_SECONDS: '0',
  JWT_PRIVATE_KEYS: await output(['npm', 'run', '--silent', 'jwt:key'], { PATH, HOME }),
  ...(await makeDatabase()),
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
const counts = { passed: 0, failed: 0 }
const running: ChildProcess[] = []
let accessToken = ''

await check('npm run db:upgrade applies every migration', async () => {
  assert.match(await output(['npm', 'run', 'db:upgrade']), /applied {3}0001_/)
  assert.doesNotMatch(await output(['npm', 'run', 'db:status']), /pending/)
})
await check('create-user makes the first super_admin', async () => {
  const names = ['--first-name', 'Ada', '--last-name', 'Lovelace', '--role', 'super_admin']
  const command = ['npx', 'tsx', 'scripts/create-user.ts', '--email', CREDENTIALS.email, ...names]
  const user = JSON.parse(await output([...command, '--password-stdin', '--json'], env, CREDENTIALS.password))
  assert.equal(user.status, 'active')
})
await check('npm start and npm run worker start', async () => {
  running.push(start(scripts.start), start(scripts.worker))
  await Promise.race([readiness(), ...running.map(refuseEnd)])
})
await check(
  '/api-docs/json is an OpenAPI 3.1 document, /api-docs a page, and the pages have their style',
  async () => {
    const document = (await (await get('/api-docs/json')).json()) as { openapi: string; paths: object }
    assert.match(document.openapi, /^3\.1\./)
    assert.ok('/api/v1/me' in document.paths)
    assert.match(await (await get('/api-docs/')).text(), /<title>/)
    assert.equal((await get('/static/pages.css')).status, 200)
  },
)
await check('the super_admin signs in and reads GET /me', async () => {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(CREDENTIALS)
  const answer = await fetch(`${ORIGIN}/api/v1/auth/login`, { method: 'POST', headers, body })
  accessToken = ((await answer.json()) as { accessToken: string }).accessToken
  const me = (await (await get('/api/v1/me')).json()) as { email: string; role: string }
  assert.deepEqual([me.email, me.role], [CREDENTIALS.email, 'super_admin'])
})
await check('SIGTERM ends both with exit code 0', async () => {
  const ends = running.map((child) => once(child, 'exit'))
  for (const child of running) child.kill('SIGTERM')
  assert.deepEqual(await Promise.all(ends), [
    [0, null],
    [0, null],
  ])
})

for (const child of running) child.kill('SIGKILL')
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed === 0 ? 0 : 1)

async function check(title: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
    counts.passed += 1
    console.log(`ok   ${title}`)
  } catch (error) {
    counts.failed += 1
    console.log(`FAIL ${title}\n`, error)
  }
}

/** An owner, who migrates, and the application, which may do no more than it needs. */
async function makeDatabase() {
  const admin = postgres(DATABASE_URL, { max: 1, onnotice: () => {} })
  const suffix = randomBytes(4).toString('hex')
  const urlOf = async (role: string) => {
    const password = randomBytes(12).toString('hex')
    await admin.unsafe(`create role ${role}_${suffix} login password '${password}'`)
    const { host } = new URL(DATABASE_URL)
    return `postgres://${role}_${suffix}:${password}@${host}/groundwork_${suffix}`
  }
  const urls = { DATABASE_MIGRATION_URL: await urlOf('owner'), DATABASE_URL: await urlOf('app') }
  await admin.unsafe(`create database groundwork_${suffix} owner owner_${suffix}`)
  await admin.end()
  return urls
}

/** Without npm in between, whose exit code is another. */
function start(script = ''): ChildProcess {
  const [program = '', ...args] = script.split(' ')
  return spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
}

async function output([program = '', ...args]: string[], environment = env as NodeJS.ProcessEnv, input = '') {
  const child = spawn(program, args, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(input)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, `${program} ${args.join(' ')} ended with ${code}:\n${text}`)
  return text.trim()
}

async function readiness(): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (let last = 'nothing'; ; await delay(100)) {
    const answer = await get('/readyz').catch(() => undefined)
    if (answer?.status === 200) return
    if (answer) last = await answer.text()
    if (Date.now() > deadline) throw new Error(`not ready, but ${last}`)
  }
}

async function refuseEnd(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit')
  throw new Error(`a process ended with ${code}`)
}

function get(path: string): Promise<Response> {
  return fetch(`${ORIGIN}${path}`, {
    headers: accessToken === '' ? {} : { authorization: `Bearer ${accessToken}` },
  })
}
