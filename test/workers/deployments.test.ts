import pino from 'pino'
import { queueIdOf } from '../../src/lib/jobs/queued-job.js'
import { PASSWORD } from '../helpers/app.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { buildJobApp, onEachBackend, queueOf } from '../helpers/jobs.js'
import { startOnboarding } from '../helpers/onboarding.js'
import t from '../tap.js'

const person = { password: PASSWORD, firstName: 'Ada', lastName: 'Test' }

const REDIS_URL = process.env.REDIS_TEST_URL
const skip = REDIS_URL === undefined && 'REDIS_TEST_URL is not set'

t.test(
  'two deployments on one Redis run their own jobs and count their own requests',
  { skip },
  async (t) => {
    const config = { REDIS_URL: String(REDIS_URL), RATE_LIMIT: 'on' } as const
    const deployments = [await startOnboarding(t, { config }), await startOnboarding(t, { config })]
    for (const { anonymous } of deployments) {
      const ask = () => anonymous.post('/auth/forgot-password', { email: 'ada@example.com' })
      t.strictSame(
        [(await ask()).status, (await ask()).status],
        [202, 429],
        'each deployment counts separately',
      )
    }
    const emails = Array.from({ length: 4 }, (_, i) => `user-${i}@example.com`)
    for (const { anonymous, mailbox, database } of deployments) {
      for (const email of emails) await anonymous.post('/auth/register', { ...person, email })
      await Promise.all(emails.map((email) => mailbox.next(email)))
      const sql = connect(t, database.ownerUrl)
      await eventually(async () => (await sql`select from outbox where done_at is null`).length === 0)
    }
  },
)

t.test('the name of a deployment is that of its database, or the configured one', { skip }, async (t) => {
  const database = await createTestDatabase(t)
  const nameOf = async (backend: object, on = database) =>
    queueOf(await buildJobApp(t, { database: on, backend: { REDIS_URL: String(REDIS_URL), ...backend } }))
      .opts.prefix
  const own = await nameOf({})
  t.match(own, /^\{app:[0-9a-f]{12}\}$/)
  t.equal(await nameOf({}), own, 'every process has the same name')
  t.not(await nameOf({}, await createTestDatabase(t)), own)
  t.equal(await nameOf({ REDIS_KEY_PREFIX: 'staging' }), '{staging}')
})

onEachBackend(
  'runs a job whose row is open but whose id is finished in Redis, and reports it once',
  async (t, backend) => {
    const lines: string[] = []
    const logger = pino({}, { write: (line) => lines.push(line) })
    const { anonymous, mailbox, database } = await startOnboarding(t, { config: backend, logger })
    const sql = connect(t, database.ownerUrl)
    await anonymous.post('/auth/register', { ...person, email: 'ada@example.com' })
    await mailbox.next('ada@example.com')
    const allDone = async () => (await sql`select from outbox where done_at is null`).length === 0
    await eventually(allDone)
    const warnings = () =>
      lines.filter((line) => line.includes('the queue has finished jobs that are still open'))
    const app = await buildJobApp(t, { database, backend })
    const [sent] = await sql`select id from outbox where job = 'send-link'`
    await eventually(() => app.queue.isFinished(queueIdOf({ id: sent?.id, retriedAt: null })))
    t.strictSame(warnings(), [])

    // As in a database restored from a backup from before the job was done.
    await sql`update outbox set done_at = null, claimed_until = now() - interval '1 second' where id = ${sent?.id}`
    await sql`select pg_notify('outbox', '')`
    await mailbox.next('ada@example.com')
    await eventually(allDone)
    t.equal(warnings().length, 1)
    t.match(JSON.parse(warnings()[0] ?? ''), { level: 40, jobs: 1, jobId: sent?.id })
  },
)
