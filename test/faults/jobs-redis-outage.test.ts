import { buildProgram } from '../helpers/built.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { balance, insertRegistrations } from '../helpers/lost-mails.js'
import { startMailbox } from '../helpers/mailbox.js'
import { finishJobs } from '../helpers/passing-time.js'
import { NO_REDIS, type OwnRedis, ownRedis } from '../helpers/redis.js'
import { signUpAt } from '../helpers/signup-load.js'
import t from '../tap.js'

// The tests wait for deadlines to expire.
t.setTimeout(400_000)

t.test('sign-ups are accepted and get their mail whatever Redis does', { skip: NO_REDIS }, async (t) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  const mailbox = await startMailbox(t)
  const redis = await ownRedis(t)
  const settings = { SMTP_URL: mailbox.url, REDIS_URL: redis.url, RATE_LIMIT: 'off' }
  const program = await buildProgram(t, database, settings)
  const signUp = async (title: string) => {
    t.equal(await signUpAt(server.url, `${title.replaceAll(' ', '-')}@example.com`), 202, title)
  }

  const server = await program.startServer()
  await signUp('down at start')
  await redis.start()
  const worker = await program.startWorker()
  await mailbox.next('down-at-start@example.com')

  redis.freeze()
  await signUp('frozen')
  redis.thaw()
  await finishJobs(sql)

  redis.freeze()
  await signUp('frozen before it was killed')
  await redis.kill()
  await signUp('killed')
  await redis.start()
  await finishJobs(sql)
  t.match(await balance(sql, mailbox.all), { lost: [], absent: [], renamed: [] })
  t.equal(mailbox.all.length, 4, 'each mail is sent once')
  const refusals = worker.stdout().match(/has a problem/g) ?? []
  t.ok(refusals.length <= 3, 'the problem is not logged repeatedly')
})

t.test('a worker that finds no Redis says so and exits', { skip: NO_REDIS }, async (t) => {
  const database = await createTestDatabase(t)
  const redis = await ownRedis(t)
  const program = await buildProgram(t, database, { REDIS_URL: redis.url })
  const refuses = async (title: string) => {
    const { code, stderr } = await program.spawnWorker().ended
    const line = `Redis does not answer at ${new URL(redis.url).host}: start it, or correct REDIS_URL.\n`
    t.strictSame({ code, stderr }, { code: 1, stderr: line }, title)
  }
  await refuses('down')
  await redis.start()
  redis.freeze()
  await refuses('frozen')
})

type Fault = { title: string; inject: (redis: OwnRedis) => unknown; repair: (redis: OwnRedis) => unknown }

const FAULTS: Fault[] = [
  { title: 'is down', inject: ({ kill }) => kill(), repair: ({ start }) => start() },
  { title: 'is frozen', inject: ({ freeze }) => freeze(), repair: ({ thaw }) => thaw() },
]

for (const { title, inject, repair } of FAULTS) {
  t.test(
    `a worker that is stopped while Redis ${title} shuts down in order`,
    { skip: NO_REDIS },
    async (t) => {
      const database = await createTestDatabase(t)
      const sql = connect(t, database.ownerUrl)
      const mailbox = await startMailbox(t)
      const redis = await ownRedis(t)
      await redis.start()
      const program = await buildProgram(t, database, { SMTP_URL: mailbox.url, REDIS_URL: redis.url })
      const worker = await program.startWorker()
      await inject(redis)
      await insertRegistrations(sql, 1)
      worker.child.kill('SIGTERM')
      t.match(await worker.ended, { code: 0, signal: null, stderr: '' })
      t.same(mailbox.all, [])

      await repair(redis)
      await program.startWorker()
      await finishJobs(sql)
      t.equal(mailbox.all.length, 1, 'another worker does the remaining jobs')
    },
  )
}
