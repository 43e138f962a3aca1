import { type BuiltProgram, buildProgram } from '../helpers/built.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { balance, insertRegistrations } from '../helpers/lost-mails.js'
import { type Behaviour, startMailbox } from '../helpers/mailbox.js'
import { finishJobs, passMinute } from '../helpers/passing-time.js'
import { findFreePort } from '../helpers/ports.js'
import { NO_REDIS, ownRedis } from '../helpers/redis.js'
import t, { type Test } from '../tap.js'

const MAILS = 5

// The tests wait for deadlines and retries.
t.setTimeout(400_000)

async function prepare(t: Test) {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  await insertRegistrations(sql, MAILS)
  const hasFailed = (count: number) =>
    eventually(async () => {
      const failed = await sql`select from outbox where job = 'send-link' and attempts > 0`
      return failed.length === count
    }, 30_000)
  return { database, sql, hasFailed, program: await buildProgram(t, database, {}) }
}

type Prepared = Awaited<ReturnType<typeof prepare>>

const work = (program: BuiltProgram, port: number) =>
  program.startWorker({ SMTP_URL: `smtp://127.0.0.1:${port}` })

async function allMailsArrive(
  t: Test,
  { sql }: Prepared,
  mails: Parameters<typeof balance>[1],
): Promise<void> {
  await finishJobs(sql)
  t.match(await balance(sql, mails), { lost: [], absent: [], renamed: [] })
  t.equal(mails.length, MAILS)
  t.same([...(await sql`select id from outbox where failed_at is not null`)], [])
}

t.test('mails wait for a server that is down', async (t) => {
  const prepared = await prepare(t)
  const port = await findFreePort()
  await work(prepared.program, port)
  await prepared.hasFailed(MAILS)
  const mailbox = await startMailbox(t, port)
  await allMailsArrive(t, prepared, mailbox.all)
})

const PASSING: [string, Behaviour][] = [
  ['is silent', { greeting: 'silent' }],
  ['answers recipients with 451', { recipient: 451 }],
  ['answers mails with 451', { data: 451 }],
  ['answers the sender with 550', { sender: 550 }],
]

for (const [title, behaviour] of PASSING) {
  t.test(`mails wait for a server that ${title}`, async (t) => {
    const prepared = await prepare(t)
    const mailbox = await startMailbox(t)
    mailbox.behave(behaviour)
    await work(prepared.program, Number(new URL(mailbox.url).port))
    await prepared.hasFailed(MAILS)
    mailbox.behave()
    await allMailsArrive(t, prepared, mailbox.all)
  })
}

t.test('mails that a server refuses with 550 become dead letters, and no others do', async (t) => {
  const { program, sql } = await prepare(t)
  const mailbox = await startMailbox(t)
  mailbox.behave({ recipient: 550 })
  await work(program, Number(new URL(mailbox.url).port))
  await finishJobs(sql)
  mailbox.behave()
  await insertRegistrations(sql, MAILS)
  await finishJobs(sql)
  const dead =
    await sql`select job, attempts, last_error as "lastError" from outbox where failed_at is not null`
  const refused = {
    job: 'send-link',
    attempts: 1,
    lastError: 'The mail server answered 550 5.7.1 to RCPT TO',
  }
  t.same([...dead], Array(MAILS).fill(refused))
  t.equal(mailbox.all.length, MAILS)
})

async function stopWhileSending(t: Test, redisUrl?: string): Promise<void> {
  const { program, sql } = await prepare(t)
  const mailbox = await startMailbox(t)
  mailbox.behave({ data: 'silent' })
  const env = { SMTP_URL: mailbox.url, ...(redisUrl !== undefined && { REDIS_URL: redisUrl }) }
  const worker = await program.startWorker(env)
  await eventually(() => mailbox.connections() >= MAILS)
  worker.child.kill('SIGTERM')
  t.match(await worker.ended, { code: 0, signal: null, stderr: '' })

  mailbox.behave()
  await passMinute(sql, redisUrl)
  await program.startWorker(env)
  await finishJobs(sql)
  t.match(await balance(sql, mailbox.all), { lost: [], absent: [], renamed: [], duplicates: 0 })
}

t.test('a worker that is stopped while sending leaves its mails to another one (PostgreSQL)', (t) =>
  stopWhileSending(t),
)

t.test(
  'a worker that is stopped while sending leaves its mails to another one (Redis)',
  { skip: NO_REDIS },
  async (t) => {
    const redis = await ownRedis(t)
    await redis.start()
    await stopWhileSending(t, redis.url)
  },
)
