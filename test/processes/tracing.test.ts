import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/index.js'
import { isTracingOn } from '../../src/config/tracing.js'
import { PRODUCT } from '../../src/lib/product.js'
import { buildProgram } from '../helpers/built.js'
import { type ReceivedSpan, startCollector } from '../helpers/collector.js'
import { createTestDatabase } from '../helpers/database.js'
import { forgetKeys, ownKeyPrefix } from '../helpers/jobs.js'
import { startMailbox } from '../helpers/mailbox.js'
import { findFreePort } from '../helpers/ports.js'
import t, { type Test } from '../tap.js'

const PERSON = {
  email: 'grace.hopper@example.com',
  password: 'a long and quiet sentence',
  firstName: 'Wilhelmina',
  lastName: 'Hopper',
}

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'

/** Not the default database, so that the attribute of the span is distinguishable. */
const REDIS_DATABASE = 13

const post = (url: string, body: object) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/**
 * Sends the body only after the server has read the head, so that the body is read outside the
 * asynchronous context of the head.
 */
async function registerSlowly(url: string, traceparent: string): Promise<number | undefined> {
  const headers = { 'content-type': 'application/json', expect: '100-continue', traceparent }
  const sent = request(`${url}/api/v1/auth/register`, { method: 'POST', headers })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.end(JSON.stringify(PERSON))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

async function buildTraced(t: Test, env: NodeJS.ProcessEnv) {
  const database = await createTestDatabase(t)
  const mailbox = await startMailbox(t)
  const own = { SMTP_URL: mailbox.url, RATE_LIMIT: 'on', OTEL_BSP_SCHEDULE_DELAY: '50' }
  return { mailbox, program: await buildProgram(t, database, { ...own, ...env }) }
}

/** The spans from the root to the named one, each as service, kind and name. */
function pathTo(spans: ReceivedSpan[], name: string): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const path: string[] = []
  for (let span = spans.find((candidate) => candidate.name === name); span; span = byId.get(span.parentId)) {
    path.unshift(`${span.service} ${span.kind} ${span.name}`)
  }
  return path
}

async function registerWithTrace(t: Test, env: NodeJS.ProcessEnv) {
  const collector = await startCollector(t)
  const { mailbox, program } = await buildTraced(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env })
  const [server, worker] = await Promise.all([program.startServer(), program.startWorker()])
  t.equal(await registerSlowly(server.url, `00-${TRACE_ID}-${CALLER}-01`), 202)
  const mail = await mailbox.next(PERSON.email)
  const spans = await collector.trace(TRACE_ID, ['POST /api/v1/auth/register', 'process send-link'])
  return { collector, program, server, worker, mail, spans }
}

t.test('a registration is one trace, from the caller to the mail, without secrets', async (t) => {
  const { collector, server, worker, mail, spans } = await registerWithTrace(t, {})
  const requested = [
    `${PRODUCT.name}-api server POST /api/v1/auth/register`,
    `${PRODUCT.name}-api internal transaction`,
    `${PRODUCT.name}-api producer create confirm-registration`,
  ]
  const confirmed = [...requested, `${PRODUCT.name}-worker consumer process confirm-registration`]
  const mailed = [
    ...confirmed,
    `${PRODUCT.name}-worker internal transaction`,
    `${PRODUCT.name}-worker producer create send-link`,
    `${PRODUCT.name}-worker consumer process send-link`,
  ]
  t.strictSame(pathTo(spans, 'INSERT outbox'), [...requested, `${PRODUCT.name}-api client INSERT outbox`])
  t.strictSame(pathTo(spans, 'send confirm-registration'), [
    ...requested,
    `${PRODUCT.name}-worker producer send confirm-registration`,
  ])
  t.strictSame(pathTo(spans, 'send mail'), [...mailed, `${PRODUCT.name}-worker client send mail`])

  const named = (name: string) => spans.find((span) => span.name === name)
  t.match(named('POST /api/v1/auth/register'), {
    parentId: CALLER,
    failed: false,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/api/v1/auth/register',
      'http.response.status_code': 202,
      'url.path': '/api/v1/auth/register',
      'url.scheme': 'http',
    },
  })
  t.match(named('INSERT outbox')?.attributes, {
    'db.system.name': 'postgresql',
    'db.operation.name': 'INSERT',
    'db.collection.name': 'outbox',
    'db.query.text': /^insert into "outbox" .*\$1/,
    'server.port': Number,
  })
  t.match(named('process send-link')?.attributes, {
    'messaging.system': 'bullmq',
    'messaging.message.id': String,
  })

  const [, token = ''] = /token=([\w-]+)/.exec(mail.text) ?? []
  const verified = await post(`${server.url}/api/v1/auth/verify-email`, { token })
  t.equal(verified.status, 204)
  const signedIn = await post(`${server.url}/api/v1/auth/login`, PERSON)
  t.equal(signedIn.status, 400, 'the sign-in refuses unknown fields')
  const problem = (await signedIn.json()) as { traceId: string; requestId: string }
  t.match(problem, { traceId: /^[0-9a-f]{32}$/, requestId: String })
  t.not(problem.traceId, TRACE_ID, 'a request without the header starts a new trace')

  const { email, password } = PERSON
  const { accessToken, refreshToken } = (await (
    await post(`${server.url}/api/v1/auth/login`, { email, password })
  ).json()) as { accessToken: string; refreshToken: string }
  const headers = { authorization: `Bearer ${accessToken}` }
  t.equal((await fetch(`${server.url}/api/v1/me`, { headers })).status, 200)
  const lost = await fetch(`${server.url}/api/v1/users/${email}?token=${token}&q=${email}`, { headers })
  const { traceId } = (await lost.json()) as { traceId: string }
  const [span] = await collector.trace(traceId, ['GET /api/v1/users/:id'])
  t.match(span?.attributes, { 'url.path': '/api/v1/users/[redacted]' })
  t.equal((await fetch(`${server.url}/readyz`)).status, 200)

  server.child.kill('SIGTERM')
  worker.child.kill('SIGTERM')
  const [api, jobs] = await Promise.all([server.ended, worker.ended])
  const inOrder = { code: 0, stderr: '' }
  t.match([api, jobs], [inOrder, inOrder])
  t.ok(/"traceId":"4bf92f3577b34da6a3ce929d0e0e4736".*"url":"\/api\/v1\/auth\/register"/.test(api.stdout))
  t.match(jobs.stdout, /"job":"send-link".*"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"/)

  const raw = collector.raw()
  for (const secret of [...Object.values(PERSON), token, accessToken, refreshToken, mail.subject]) {
    t.notOk(raw.includes(secret), `no span contains ${secret.slice(0, 12)}`)
  }
  t.notOk(
    collector.spans().some(({ name }) => name.includes('readyz')),
    'probes are not traced',
  )
  t.strictSame(
    collector.spans().filter(({ failed }) => failed),
    [],
    'a 4xx does not mark a span as failed',
  )
  t.ok(
    collector
      .spans()
      .every(({ parentId, kind, name }) => parentId || kind === 'server' || /^process /.test(name)),
    'work outside requests and jobs starts no trace',
  )
})

const redisUrl = process.env.REDIS_TEST_URL
const skip = redisUrl === undefined && 'REDIS_TEST_URL is not set'

t.test('traces the commands of Redis without their keys', { skip }, async (t) => {
  const REDIS_URL = `${redisUrl}/${REDIS_DATABASE}`
  const backend = { REDIS_URL, REDIS_KEY_PREFIX: ownKeyPrefix() }
  t.teardown(() => forgetKeys(backend))
  const { spans, collector } = await registerWithTrace(t, backend)
  const commands = spans.filter(({ attributes }) => attributes['db.system.name'] === 'redis')
  const places = commands.map(({ spanId, name }) => {
    const [parent] = pathTo(spans, name).slice(-2)
    return spanId && parent
  })
  t.ok(
    places.includes(`${PRODUCT.name}-api server POST /api/v1/auth/register`),
    'traces the commands of the rate limit',
  )
  t.match(commands[0]?.attributes, {
    'db.operation.name': /^EVAL(SHA)?$/,
    'db.namespace': '13',
    'server.port': Number,
  })
  t.ok(
    commands.some(({ service }) => service === `${PRODUCT.name}-worker`),
    'traces the commands of the queue',
  )
  t.match(pathTo(spans, 'send mail').at(-1), `${PRODUCT.name}-worker client send mail`)
  t.notOk(collector.raw().includes(backend.REDIS_KEY_PREFIX))
})

/**
 * The packages of OpenTelemetry that a process loaded, from the coverage that Node wrote when it
 * ended.
 */
const loadedPackages = (folder: string): Set<string> => {
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  return new Set(files.join().match(/node_modules\/@opentelemetry\/[\w-]+/g))
}

t.test('a collector that is away or silent changes no answer and delays no shutdown', async (t) => {
  const silent = await startCollector(t, { isSilent: true })
  const away = `http://127.0.0.1:${await findFreePort()}`
  const NODE_V8_COVERAGE = t.testdir()
  const { program, mailbox } = await buildTraced(t, {})
  const [server, worker] = await Promise.all([
    program.startServer({
      OTEL_EXPORTER_OTLP_ENDPOINT: away,
      OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
      OTEL_TRACES_SAMPLER: 'nonsense',
      NODE_V8_COVERAGE,
    }),
    program.startWorker({ OTEL_EXPORTER_OTLP_ENDPOINT: silent.url }),
  ])
  t.equal((await post(`${server.url}/api/v1/auth/register`, PERSON)).status, 202)
  t.ok(await mailbox.next(PERSON.email))
  await server.says(/spans cannot be sent/)
  t.equal((await fetch(`${server.url}/api/v1/me`)).status, 401)

  server.child.kill('SIGTERM')
  worker.child.kill('SIGTERM')
  const [api, jobs] = await Promise.all([server.ended, worker.ended])
  const inOrder = { code: 0, stderr: '' }
  t.match([api, jobs], [inOrder, inOrder])
  t.equal(api.stdout.match(/spans cannot be sent/g)?.length, 1)
  t.match(api.stdout, /OTEL_TRACES_SAMPLER value \\"nonsense\\" invalid/)
  t.match(jobs.stdout, /the last spans could not be sent in time/)
  t.ok(loadedPackages(NODE_V8_COVERAGE).size > 3, 'the coverage shows loaded packages')
})

t.test('traces nothing and loads no OpenTelemetry without settings', async (t) => {
  const NODE_V8_COVERAGE = t.testdir()
  const { program } = await buildTraced(t, { NODE_V8_COVERAGE })
  const server = await program.startServer()
  const unknown = (await (await fetch(`${server.url}/api/v1/nothing`)).json()) as object
  t.notOk('traceId' in unknown)
  server.child.kill('SIGTERM')
  t.notMatch((await server.ended).stdout, /traceId/)
  t.strictSame([...loadedPackages(NODE_V8_COVERAGE)], [])
})

t.test('the standard variables turn tracing on and off', async (t) => {
  const isOn = (env: NodeJS.ProcessEnv) => isTracingOn(loadConfig({ env: { CONFIG_FILE: 'off', ...env } }))
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318'
  t.notOk(isOn({}))
  t.notOk(isOn({ OTEL_SERVICE_NAME: 'shop', OTEL_TRACES_SAMPLER: 'always_on' }))
  t.ok(isOn({ OTEL_EXPORTER_OTLP_ENDPOINT }))
  t.ok(isOn({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/v1/traces' }))
  t.ok(isOn({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'false' }))
  t.notOk(isOn({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }))
  t.notOk(isOn({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' }))
  t.throws(() => isOn({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), /must be one of http\/protobuf/)
})
