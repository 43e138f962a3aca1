import { randomInt } from 'node:crypto'
import { buildProgram } from '../helpers/built.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { balance } from '../helpers/lost-mails.js'
import { startMailbox } from '../helpers/mailbox.js'
import { finishJobs, IN_FULL } from '../helpers/passing-time.js'
import { NO_REDIS, ownRedis } from '../helpers/redis.js'
import { signUpUntilItDies } from '../helpers/signup-load.js'
import t from '../tap.js'

const API_KILLS = IN_FULL ? 40 : 4
const REDIS_KILLS = IN_FULL ? 10 : 2

// The full run takes longer than the default limit of a test file.
t.setTimeout(400_000)

/** The most sign-ups that an API process accepts before it is killed. */
const MAX_SIGN_UPS = 16

t.test(
  'sends each registered user one mail, and no other, while the API and Redis are killed',
  { skip: NO_REDIS },
  async (t) => {
    const database = await createTestDatabase(t)
    const sql = connect(t, database.ownerUrl)
    const mailbox = await startMailbox(t)
    const redis = await ownRedis(t)
    await redis.start()
    const settings = { SMTP_URL: mailbox.url, REDIS_URL: redis.url, RATE_LIMIT: 'off' }
    const program = await buildProgram(t, database, settings)
    // One worker survives all faults of Redis.
    const worker = await program.startWorker()

    const accepted: string[] = []
    let restarts = Promise.resolve()
    let next = program.startServer()
    for (let kill = 1; kill <= API_KILLS; kill += 1) {
      const server = await next
      // The next server starts while this one serves.
      if (kill < API_KILLS) next = program.startServer()
      const killsRedis = kill % (API_KILLS / REDIS_KILLS) === 0
      const wanted = accepted.length + randomInt(1, MAX_SIGN_UPS)
      await signUpUntilItDies(server.url, (email) => {
        accepted.push(email)
        // Redis restarts at once and empty.
        if (killsRedis && accepted.length === wanted) restarts = redis.kill().then(() => redis.start())
        if (accepted.length >= wanted) server.child.kill('SIGKILL')
      })
      t.match(await server.ended, { signal: 'SIGKILL' })
      await restarts
    }
    await finishJobs(sql)

    const users = await sql<{ email: string }[]>`select email from users`
    const committed = new Set(users.map(({ email }) => email))
    t.same(
      accepted.filter((email) => !committed.has(email)),
      [],
      'every accepted sign-up is registered',
    )
    const { duplicates, ...mistakes } = await balance(sql, mailbox.all)
    t.same(mistakes, { lost: [], absent: [], renamed: [] })
    t.equal(worker.child.exitCode, null, 'the worker is still running')
    t.comment(`${API_KILLS} kills of the API and ${REDIS_KILLS} of Redis, ${users.length} registered,`)
    t.comment(`${accepted.length} accepted, ${duplicates} duplicates`)
  },
)
