import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromPackageRoot } from '../../src/config/paths.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { run } from '../helpers/process.js'
import { insertUser, signInAt, startServer } from '../helpers/server.js'
import { exchange } from '../helpers/socket.js'
import t from '../tap.js'

const parseLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** The example line of the guide and the fields that it documents. */
function readGuide() {
  const [, logs = ''] = readFileSync(fromPackageRoot('docs/deployment.md'), 'utf8').split('\n## Logs\n')
  const [, example = ''] = /```json\n(.*)\n```/.exec(logs) ?? []
  const rows = [...logs.matchAll(/^\| (`\w+`[^|]*) \|/gm)].map(([, names = '']) => names)
  const fields = rows.flatMap((names) => [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
  return { example: JSON.parse(example) as Record<string, unknown>, fields }
}

t.test(
  'logs one line for each request, with its id and no secret, to the file and standard output',
  async (t) => {
    const database = await createTestDatabase(t)
    const path = join(t.testdir(), 'app.log')
    const env = { DATABASE_URL: database.url, LOG_LEVEL: 'trace', LOG_FILE_PATH: path }
    const credentials = await insertUser(t, database, 'super_admin')
    const server = await startServer(t, { env })
    const api = `${server.url}/api/v1`
    const wrong = { ...credentials, password: 'a wrong and loud sentence' }
    const { accessToken, refreshToken } = await signInAt(server.url, credentials)
    await signInAt(server.url, wrong)

    const headers = {
      authorization: `Bearer ${accessToken}`,
      cookie: 'session=from-a-cookie',
      'content-type': 'application/json',
    }
    await fetch(`${api}/me`, { headers: { ...headers, 'x-request-id': 'chosen-by-client' } })
    await fetch(`${api}/me?access_token=from-the-query`, { headers })
    await fetch(`${api}/auth/refresh`, { method: 'POST', headers, body: JSON.stringify({ refreshToken }) })

    // The message of PostgreSQL for such a failure quotes the whole row, that of drizzle every
    // parameter.
    await connect(
      t,
      database.ownerUrl,
    )`alter table users add constraint no_canaries check (first_name <> 'Canary')`
    const canary = {
      email: 'canary@example.com',
      firstName: 'Canary',
      lastName: 'Bird',
      password: 'a third and secret sentence',
    }
    const failed = await fetch(`${api}/users`, { method: 'POST', headers, body: JSON.stringify(canary) })
    t.equal(failed.status, 500)
    t.notMatch(await failed.text(), /canary|argon2|constraint|insert/i)

    const forged = { ...credentials, email: 'a\r\nforged: 1\u001b[31m@example.com' }
    const refused = await fetch(`${api}/auth/login`, {
      method: 'POST',
      headers,
      body: JSON.stringify(forged),
    })
    t.equal(refused.status, 400)

    const send = (start: string, header = 'X-Test: 1') =>
      exchange(Number(new URL(server.url).port), [
        `${start}\r\nHost: x\r\n${header}\r\nConnection: close\r\n\r\n`,
      ])
    t.equal((await send('GET /no-such-page?%0d%0a%1b[31mforged HTTP/1.1')).status, 404)
    t.equal((await send('GET /me HTTP/1.1', 'User-Agent: \u001b[31mred')).status, 400)
    t.equal((await send('GET /\u001b[31mred\nforged HTTP/1.1')).status, 400)
    server.child.kill('SIGTERM')
    const { code, stdout, stderr } = await server.ended
    t.match({ code, stderr }, { code: 0, stderr: '' })
    t.equal(stderr, '')

    const file = readFileSync(path, 'utf8')
    t.equal(file, stdout, 'both have every line, including the last ones')
    const lines = parseLines(stdout)
    t.match(lines.at(-1), { msg: 'shutting down' })
    t.match(
      lines.find(({ requestId }) => requestId === 'chosen-by-client'),
      { msg: 'request', url: '/api/v1/me', status: 200, method: 'GET' },
    )
    const requests = lines.filter(({ msg }) => msg === 'request')
    for (const { requestId } of requests) t.match(requestId, /^[\w-]{1,64}$/)
    const { example, fields } = readGuide()
    for (const request of requests)
      t.strictSame(
        Object.keys(request),
        Object.keys(example),
        'the fields are those of the documented example',
      )
    const documented = lines.filter((line) => line.requestId).flatMap((line) => Object.keys(line))
    t.strictSame(
      documented.filter((field) => !fields.includes(field)),
      [],
    )
    t.equal(requests.length, 8)
    t.equal(new Set(requests.map(({ requestId }) => requestId)).size, requests.length)
    t.match(
      lines.filter(({ requestId }) => requestId === failed.headers.get('x-request-id')),
      [
        {
          level: 'error',
          msg: 'request failed',
          err: { message: /^Failed query: insert into "users"/, cause: { code: '23514' } },
        },
        { level: 'error', msg: 'request', status: 500 },
      ],
    )
    t.match(
      lines.find(({ url }) => url?.startsWith('/no-such-page')),
      { url: '/no-such-page?%0d%0a%1b[31mforged', status: 404 },
    )

    const secrets = [
      ...[credentials, wrong, canary].map(({ password }) => password),
      ...accessToken.split('.').slice(1),
      refreshToken,
      'Bearer',
      'from-a-cookie',
      'from-the-query',
      '$argon2',
      canary.email,
      '\nforged',
    ]
    for (const secret of secrets) t.notOk(stdout.includes(secret), `${secret.slice(0, 20)} is not in the log`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for them
    t.notMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  },
)

t.test('an uncaught exception ends the process, and its line reaches the file', async (t) => {
  const { url } = await createTestDatabase(t)
  const folder = t.testdir()
  const program = `
    const { runProcess } = await import('./src/process.ts')
    await runProcess('test', async ({ logger }) => {
      setImmediate(() => {
        for (let i = 0; i < 100; i++) logger.info('at work')
        throw new Error('an uncaught error')
      })
      return { close: async () => undefined }
    })`
  const path = join(folder, 'app.log')
  const env = { NODE_ENV: 'test', CONFIG_FILE: 'off', DATABASE_URL: url, LOG_FILE_PATH: path }
  const ended = await run(t, ['node', '--import', 'tsx', '--input-type=module', '-e', program], { env })
  t.match(ended, { code: 1, signal: null })
  t.equal(readFileSync(path, 'utf8'), ended.stdout)
  t.match(parseLines(ended.stdout).slice(-1), [
    { level: 'fatal', msg: 'uncaught exception', err: { message: 'an uncaught error' } },
  ])
})
