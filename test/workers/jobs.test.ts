import { randomUUID } from 'node:crypto'
import pino from 'pino'
import { discardFailedJobs, retryFailedJobs } from '../../src/db/queries/jobs/failed-jobs.js'
import { PASSWORD } from '../helpers/app.js'
import { connect, createTestDatabase, newerReleaseWasHere } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { buildJobApp, forgetKeys, onEachBackend } from '../helpers/jobs.js'
import { moved } from '../helpers/moved.js'
import { startOnboarding } from '../helpers/onboarding.js'

const ada = { email: 'ada@example.com', password: PASSWORD, firstName: 'Ada', lastName: 'Lovelace' }

onEachBackend('runs jobs once their transaction has committed, and marks them done', async (t, config) => {
  const { anonymous, mailbox, database } = await startOnboarding(t, { config })
  const sql = connect(t, database.ownerUrl)
  const { headers } = await anonymous.post('/auth/register', ada)
  const mail = await mailbox.next(ada.email)
  await eventually(async () => {
    const [row] = await sql`select bool_and(done_at is not null) as done, count(*)::int as jobs from outbox
      where not scheduled`
    return row?.done && row.jobs === 2
  })
  const [sent] = await sql`select id from outbox where job = 'send-link'`
  t.match(mail.messageId, sent?.id, 'the message id contains the id of the job')
  const actors = await moved(sql)`select distinct actor from audit.audit_log`
  t.strictSame([...actors], [{ actor: 'anonymous' }])
  const causes = await sql`select distinct request_id from outbox where not scheduled`
  t.strictSame([...causes], [{ request_id: headers['x-request-id'] }], 'every job records its request')
})

onEachBackend('a permanently refused mail is a dead letter until it is retried', async (t, config) => {
  const lines: string[] = []
  const logger = pino({}, { write: (line) => lines.push(line) })
  const { app, anonymous, mailbox, database } = await startOnboarding(t, { config, logger })
  const sql = connect(t, database.ownerUrl)
  mailbox.behave({ recipient: 550 })
  await anonymous.post('/auth/register', ada)
  await eventually(() => lines.some((line) => line.includes('job failed')))
  mailbox.behave()
  await anonymous.post('/auth/register', { ...ada, email: 'grace@example.com' })
  await mailbox.next('grace@example.com')
  t.strictSame(
    mailbox.all.map(({ to }) => to),
    ['grace@example.com'],
  )
  const [dead, ...others] =
    await sql`select id, job, attempts, last_error from outbox where failed_at is not null`
  t.match(dead, { job: 'send-link', attempts: 1, last_error: /^The mail server answered 550/ })
  t.strictSame(others, [])

  // A retry needs only the database, whatever the queue has lost.
  await forgetKeys(config)
  t.equal(await retryFailedJobs(app.db, dead?.id), 1)
  await mailbox.next(ada.email)
  await eventually(async () => (await sql`select from outbox where done_at is null`).length === 0)
})

onEachBackend('a job that cannot be done is a dead letter with the reason', async (t, backend) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  const app = await buildJobApp(t, { database, backend, schedules: {} })
  const [id, unknown, wrong, newer] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  const payload = { mail: 'password-changed', userId: randomUUID() }
  await sql`insert into outbox ${sql([
    { id: unknown, job: 'constructor', payload: {} },
    { id: wrong, job: 'send-notice', payload: { ...payload, userId: "'; drop table users" } },
    { id, job: 'send-notice', payload },
  ])}`
  const failures = () =>
    sql`select id, attempts, last_error from outbox where failed_at is not null order by last_error`
  await eventually(async () => (await failures()).length === 2)
  t.strictSame(
    [...(await failures())],
    [
      { id: wrong, attempts: 1, last_error: 'The payload does not match the job send-notice' },
      { id: unknown, attempts: 1, last_error: 'There is no job constructor' },
    ],
  )
  const [row] = await sql`select last_stack from outbox where id = ${wrong}`
  t.match(row?.last_stack, /\n +at .*workers\/index/)

  t.equal(await discardFailedJobs(app.db, unknown), 1)
  await sql`update outbox set payload = ${sql.json(payload)} where id = ${wrong}`
  t.equal(await retryFailedJobs(app.db), 1)
  await eventually(async () => (await sql`select from outbox where done_at is null`).length === 0)
  const left = await sql`select id, failed_at from outbox order by id`
  t.strictSame(
    [...left],
    [id, wrong].sort().map((id) => ({ id, failed_at: null })),
  )

  await newerReleaseWasHere(sql)
  await sql`insert into outbox ${sql({ id: newer, job: 'fly-to-the-moon', payload: {} })}`
  const failing = () => sql`select last_error, failed_at from outbox where id = ${newer} and attempts > 0`
  await eventually(async () => (await failing()).length === 1)
  t.match(
    await failing(),
    [{ last_error: 'There is no job fly-to-the-moon', failed_at: null }],
    'a job that only a newer release may know is retried',
  )
})

onEachBackend('retries a failed job and keeps nothing secret of it', async (t, backend) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  // The app has no mailer, so the job fails.
  await buildJobApp(t, { database, backend, schedules: {} })
  const [user] = await sql`insert into users (email, first_name, last_name)
    values ('ada@example.com', 'Ada', 'Test') returning id`
  await sql`insert into outbox (job, payload)
    values ('send-notice', ${sql.json({ mail: 'password-changed', userId: user?.id })})`
  const rows = () => sql`select attempts, last_error, failed_at from outbox`
  await eventually(async () => (await rows())[0]?.attempts === 1)
  t.match(await rows(), [{ last_error: /mailedLinks|undefined/, failed_at: null }])
  await eventually(async () => (await rows())[0]?.attempts === 2)
  await sql`alter table users rename to people`
  await eventually(async () => (await rows())[0]?.attempts === 3, 30_000)
  const [row] = await sql`select last_error, last_stack from outbox`
  t.match(row?.last_error, /^Failed query: select .*: relation "users" does not exist$/)
  t.notMatch(row, new RegExp(user?.id))
  await sql`alter table people rename to users`
})
