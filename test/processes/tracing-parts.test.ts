/** Traces of work that does not run in the asynchronous context of its request. */

import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { fillAuditLog } from '../helpers/audit-entries.js'
import { buildProgram } from '../helpers/built.js'
import { startCollector } from '../helpers/collector.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import t from '../tap.js'

const ENTRIES = 1_500
/** The minimum number of batches, of 500 entries each; the sign-up adds a few entries. */
const BATCHES = ENTRIES / 500

const database = await createTestDatabase(t)
await fillAuditLog(database.ownerUrl, ENTRIES)
const { signUp } = await buildTestApp(t, { database })
const email = 'admin@example.com'
await signUp({ email, role: 'super_admin' })

const collector = await startCollector(t)
const program = await buildProgram(t, database, {
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_BSP_SCHEDULE_DELAY: '50',
})

/** A trace id that ends with this hexadecimal digit, and its header. */
const traced = (digit: number) => {
  const traceId = `4bf92f3577b34da6a3ce929d0e0e473${digit}`
  return { traceId, traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
}

t.test("each batch of an export and the commit of a sign-in are part of their request's trace", async (t) => {
  const server = await program.startServer()
  const signIn = traced(1)
  const response = await fetch(`${server.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: signIn.traceparent },
    body: JSON.stringify({ email, password: PASSWORD }),
  })
  const { accessToken } = (await response.json()) as { accessToken: string }
  const spans = await collector.trace(signIn.traceId, ['POST /api/v1/auth/login', 'COMMIT'])
  const transaction = spans.find(({ name }) => name === 'transaction')
  t.ok(spans.some(({ name, parentId }) => name === 'COMMIT' && parentId === transaction?.spanId))

  for (const [i, format] of ['csv', 'ndjson'].entries()) {
    const { traceId, traceparent } = traced(2 + i)
    const headers = { authorization: `Bearer ${accessToken}`, traceparent }
    const exported = await fetch(`${server.url}/api/v1/audit-logs/export?format=${format}`, { headers })
    t.ok((await exported.text()).split('\n').length > ENTRIES)
    const spans = await collector.trace(traceId, ['GET /api/v1/audit-logs/export'])
    const root = spans.find(({ kind }) => kind === 'server')
    const reads = spans.filter(({ name }) => name === 'SELECT audit_log')
    t.ok(reads.length >= BATCHES, `${reads.length} batches of ${format}`)
    t.ok(reads.every(({ parentId }) => parentId === root?.spanId))
  }

  server.child.kill('SIGTERM')
  t.match(await server.ended, { code: 0 })
  t.strictSame(
    collector.spans().filter(({ attributes }) => /audit_requests/.test(String(attributes['db.query.text']))),
    [],
    'request records are written outside of traces',
  )
})

t.test('traces the statements of the queue in the database, and every log line has its trace', async (t) => {
  const worker = await program.startWorker()
  const owner = connect(t, database.ownerUrl)
  const { traceId, traceparent } = traced(5)
  const tick = { job: 'purge-expired', payload: {}, scheduled: true, trace_context: traceparent }
  await owner`insert into outbox ${owner(tick)}`
  await owner`notify outbox`
  const spans = await collector.trace(traceId, ['process purge-expired', 'send purge-expired'])
  const sent = spans.find(({ name }) => name === 'send purge-expired')
  const added = spans.filter(({ parentId }) => parentId === sent?.spanId)
  t.match(added, [{ name: 'SELECT add_job', kind: 'client', failed: false }])
  t.match(added[0]?.attributes, {
    'db.system.name': 'postgresql',
    'db.query.text': /^SELECT add_job\(\s+\$1/,
  })

  await worker.says(/"deleted expired rows"/)
  worker.child.kill('SIGTERM')
  const { code, stdout } = await worker.ended
  t.equal(code, 0)
  const lines = stdout.split('\n').filter((line) => line.includes(traceId))
  t.match(
    lines.map((line) => JSON.parse(line)),
    [{ msg: 'deleted expired rows' }, { msg: 'job done' }],
  )
  for (const line of lines) t.equal(line.match(/"traceId"/g)?.length, 1, 'each line has the trace id once')
  t.notMatch(/.*waiting for jobs.*/.exec(stdout)?.[0], /traceId/, 'lines outside a trace have no trace id')
})
