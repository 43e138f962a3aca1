import pino from 'pino'
import type { AuditSigningKey } from '../../src/lib/audit/audit-keys.js'
import { buildWorker } from '../../src/worker-app.js'
import { buildTestApp, testSigningKeys } from '../helpers/app.js'
import { newAuditKey } from '../helpers/audit-seals.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import t, { type Test } from '../tap.js'

/**
 * Starts a worker like `src/worker.ts`, on a log with an entry and without the newest partition.
 */
async function startWorker(t: Test, auditKey: AuditSigningKey | undefined) {
  const { config, database, signUp } = await buildTestApp(t)
  await signUp()
  const sql = connect(t, database.ownerUrl)
  const partitions = () => sql<{ name: string }[]>`select inhrelid::regclass::text as name from pg_inherits
    where inhparent = 'audit.audit_log'::regclass order by name desc`
  const newest = String((await partitions()).find(({ name }) => /\d{6}$/.test(name))?.name)
  await sql.unsafe(`drop table ${newest}`)

  const lines: string[] = []
  const logger = pino({}, { write: (line) => lines.push(line) })
  const options = { config, databaseUrl: database.url, signingKeys: testSigningKeys, auditKey, logger }
  const worker = await buildWorker(options)
  t.teardown(() => worker.close())
  await worker.ready()
  await eventually(async () => (await partitions()).some(({ name }) => name === newest))
  const schedulers = await worker.queue.schedulers.getJobSchedulers()
  const warnings = lines.filter((line) => line.includes('AUDIT_SIGNING_KEY'))
  return { sql, warnings, scheduled: schedulers.map(({ key }) => key) }
}

t.test('a worker seals the audit log and creates missing partitions', async (t) => {
  const key = newAuditKey()
  const { sql, warnings, scheduled } = await startWorker(t, key)
  t.strictSame(warnings, [])
  t.ok(scheduled.includes('seal-audit-log'))
  const rows = () => sql`select job, done_at, last_error from outbox order by job`
  await eventually(async () => (await rows()).filter(({ done_at }) => done_at).length === 3)
  t.match(await rows(), [
    { job: 'keep-audit-partitions', last_error: null },
    { job: 'move-audit-entries', last_error: null },
    { job: 'seal-audit-log', last_error: null },
  ])
})

t.test('reports a missing key once and does the rest', async (t) => {
  const { warnings, scheduled } = await startWorker(t, undefined)
  t.equal(warnings.length, 1)
  t.strictSame(scheduled.sort(), [
    'keep-audit-partitions',
    'move-audit-entries',
    'purge-expired',
    'purge-outbox',
    'report-failed-jobs',
  ])
})
