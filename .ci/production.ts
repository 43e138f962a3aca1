/**
 * Tests production as in compose.yaml, with processes instead of containers: the build with only its
 * production dependencies, two database roles, a proxy with the same configuration in front of two API
 * processes, two workers and a mail server. Needs a PostgreSQL and a Redis that nothing else uses.
 */
import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Test } from 'tap'
import { startMailbox } from '../test/helpers/mailbox.js'
import { findFreePort } from '../test/helpers/ports.js'
import { check, report } from './production/checks.js'
import { countShed, createClient } from './production/client.js'
import { installBuild } from './production/install.js'
import { type SignedIn, startLoad } from './production/load.js'
import { killAll, outputOf, type Running, start } from './production/processes.js'
import { type RunningProxy, startProxy } from './production/proxy.js'

const { DATABASE_URL = '', REDIS_URL, PATH, HOME } = process.env
const machine = { PATH, HOME }
const RESTARTS = 4
const EXIT_LIMIT_MS = 10_000
const USERS = 12

const folder = mkdtempSync(join(tmpdir(), 'production-'))
const cleanUps: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true }), killAll]
const mailbox = await startMailbox({ teardown: (work: () => unknown) => cleanUps.push(work) } as Test)
const [apiPort, proxyPort] = [await findFreePort(), await findFreePort()]
const origin = `http://127.0.0.1:${proxyPort}`
const admin = createClient(origin, '127.0.1.250')
const adminCredentials = { email: 'ada@example.com', password: randomBytes(18).toString('base64url') }

let secrets: NodeJS.ProcessEnv = {}
let env: NodeJS.ProcessEnv = {}
const processes: Record<string, Running> = {}
let proxy: RunningProxy | undefined
const users: SignedIn[] = []

await check('the build needs only its production dependencies', async () => {
  await installBuild(folder, machine)
  const made = parseEnv(
    await outputOf(['node', 'dist/scripts/command-line/env-file.js'], { cwd: folder, env: machine }),
  )
  // As during a key rotation: the new key signs, the old one still verifies.
  const { JWT_PRIVATE_KEYS: newKey } = parseEnv(
    await outputOf(['npm', 'run', '--silent', 'jwt:key'], { cwd: '.', env: machine }),
  )
  secrets = { ...made, JWT_PRIVATE_KEYS: `${newKey},${made.JWT_PRIVATE_KEYS}` }
})

await check('config/roles.sql creates the roles and the database', async () => {
  await outputOf(['psql', '-q', '-d', DATABASE_URL, '-f', 'config/roles.sql'], {
    cwd: '.',
    env: { ...machine, ...secrets },
  })
  const { host } = new URL(DATABASE_URL)
  env = {
    ...machine,
    ...{ NODE_ENV: 'production', CONFIG_FILE: 'off', LOG_FILE_PATH: 'off', PORT: String(apiPort) },
    ...{
      PUBLIC_URL: 'https://api.example.test',
      REDIS_URL,
      SMTP_URL: mailbox.url,
      SMTP_REQUIRE_TLS: 'off',
      TRUST_PROXY: '127.0.0.1',
    },
    ...{ JWT_PRIVATE_KEYS: secrets.JWT_PRIVATE_KEYS, AUDIT_SIGNING_KEY: secrets.AUDIT_SIGNING_KEY },
    DATABASE_URL: `postgres://app_user:${secrets.APP_PASSWORD}@${host}/app`,
  }
})

await check('the owner migrates with the build, and create-user creates the first super_admin', async () => {
  const { host } = new URL(DATABASE_URL)
  const ownerUrl = `postgres://app_owner:${secrets.OWNER_PASSWORD}@${host}/app`
  const db = (command: string) =>
    outputOf(['node', 'dist/scripts/db.js', command], {
      cwd: folder,
      env: { ...env, DATABASE_MIGRATION_URL: ownerUrl },
    })
  assert.match(await db('upgrade'), /applied {3}0001_/)
  assert.doesNotMatch(await db('status'), /pending/)
  const names = ['--first-name', 'Ada', '--last-name', 'Lovelace', '--role', 'super_admin', '--json']
  const command = ['node', 'dist/scripts/create-user.js', '--email', adminCredentials.email, ...names]
  const user = JSON.parse(
    await outputOf([...command, '--password-stdin'], { cwd: folder, env }, adminCredentials.password),
  )
  assert.equal(user.status, 'active')
})

await check('two API processes and two workers start behind the proxy', async () => {
  const servers = { API_1: `127.0.0.1:${apiPort}`, API_2: `127.0.0.2:${apiPort}` }
  proxy = startProxy(folder, { ...machine, ...servers, PROXY_BIND: `127.0.0.1:${proxyPort}` })
  for (const name of ['api-1', 'api-2', 'worker-1', 'worker-2']) startNode(name)
  for (const name of ['api-1', 'api-2']) await proxy.sendsTo(name)
})

await check('clients sign in, each limited by its real address, whatever header it sends', async () => {
  const { accessToken } = await signIn(admin, adminCredentials)
  const headers = { authorization: `Bearer ${accessToken}` }
  for (let number = 1; number <= USERS; number += 1) {
    const credentials = { email: `user-${number}@example.com`, password: adminCredentials.password }
    const user = { ...credentials, firstName: 'Grace', lastName: 'Hopper' }
    assert.equal((await admin.send('POST', '/api/v1/users', user, headers)).status, 201)
    const client = createClient(origin, `127.0.1.${number}`)
    users.push({ client, ...(await signIn(client, credentials, { 'x-forwarded-for': '203.0.113.7' })) })
  }
  const [first] = users
  const bearer = { authorization: `Bearer ${first?.accessToken}` }
  const sessions = await first?.client.send('GET', '/api/v1/me/sessions', undefined, bearer)
  assert.match(JSON.stringify(sessions?.body), /"ip":"127\.0\.1\.1"/)
})

await check('development and internal routes are not reachable', async () => {
  for (const path of [
    '/api-docs',
    '/api-docs/json',
    '/dev/mail',
    '/dev/mail/messages',
    '/readyz',
    '/%72eadyz',
    '//readyz',
    '/./readyz',
    '/x/%2e%2e/readyz',
    '/metrics',
    '/m%65trics?x=1',
  ]) {
    assert.equal((await admin.send('GET', path)).status, 404, path)
  }
  assert.equal((await admin.send('GET', '/he%61lthz')).status, 200)
  const queues = await admin.send('GET', '/admin/queues')
  assert.ok(queues.status === 401 || queues.status === 302, `/admin/queues answers ${queues.status}`)
})

await check(`${RESTARTS} rolling restarts under load fail no request, and each ends in time`, async () => {
  const load = startLoad(origin, users)
  const exits: number[] = []
  for (let turn = 0; turn < RESTARTS; turn += 1) {
    const number = (turn % 2) + 1
    const [{ ms }] = await Promise.all([restart(`api-${number}`), restart(`worker-${number}`)])
    exits.push(ms)
    await proxy?.sendsTo(`api-${number}`)
  }
  const { requests, failures } = await load.stop()
  const times = exits.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', ')
  console.log(
    `     ${requests} requests, ${failures.length} failed, ${countShed()} retried after a 503 for overload; exits after ${times}`,
  )
  assert.deepEqual(failures.slice(0, 20), [])
  assert.ok(requests > 1_000, `${requests} requests are too few`)
  assert.ok(Math.max(...exits) <= EXIT_LIMIT_MS, times)
  assertArrivedOnce()
  for (const email of load.registered) await mailbox.next(email)
})

await check('SIGTERM ends all processes with exit code 0', async () => {
  await Promise.all(Object.values(processes).map(({ stop }) => stop()))
})

await check('every log line is JSON and contains no secret', () => {
  const logs = Object.values(processes).map(({ output }) => output())
  for (const line of logs.join('').trimEnd().split('\n')) JSON.parse(line)
  const all = [...logs, proxy?.output()].join('')
  const tokens = users.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])
  const keys = String(secrets.JWT_PRIVATE_KEYS).split(',')
  const passwords = [secrets.OWNER_PASSWORD, secrets.APP_PASSWORD, adminCredentials.password]
  for (const secret of [...tokens, ...keys, ...passwords, 'a long and quiet sentence'])
    assert.ok(secret && !all.includes(secret), 'a secret is in a log')
})

for (const cleanUp of cleanUps.reverse()) await cleanUp()
process.exit(report())

function startNode(name: string): void {
  const [program = '', number] = name.split('-')
  const command = program === 'api' ? 'node dist/server.js' : 'node dist/worker.js'
  const log = join(folder, `${name}.log`)
  processes[name] = start(command, { cwd: folder, env: { ...env, HOST: `127.0.0.${number}` }, log })
}

async function restart(name: string): Promise<{ ms: number }> {
  const stopped = await processes[name]?.stop()
  startNode(name)
  return stopped ?? { ms: Number.NaN }
}

async function signIn(client: SignedIn['client'], credentials: object, headers = {}) {
  const { status, body } = await client.send('POST', '/api/v1/auth/login', credentials, headers)
  assert.equal(status, 200, JSON.stringify(body))
  return body as { accessToken: string; refreshToken: string }
}

/** A write that the proxy sent to both API processes would be in the logs twice. */
function assertArrivedOnce(): void {
  const logs = ['api-1', 'api-2'].map((name) => processes[name]?.output() ?? '').join('')
  const requests = logs.matchAll(
    /"requestId":"(load-\d+)","method":"(?:POST|PATCH)"(?![^\n]*"status":503)[^\n]*"msg":"request"/g,
  )
  const ids = [...requests].map(([, id]) => id)
  assert.ok(ids.length > 100, `${ids.length} writes`)
  assert.equal(new Set(ids).size, ids.length)
}
