import { createDatabaseClient, type Db } from '../../src/db/driver/client.js'
import { users } from '../../src/db/schema/users.js'
import { PRODUCT } from '../../src/lib/product.js'
import { clientOptions } from '../helpers/audit.js'
import { buildProgram } from '../helpers/built.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { balance } from '../helpers/lost-mails.js'
import { startMailbox } from '../helpers/mailbox.js'
import { finishJobs, IN_FULL, passMinute } from '../helpers/passing-time.js'
import { ownPostgres } from '../helpers/postgres.js'
import { openProxy } from '../helpers/proxy.js'
import { startRequestLoad } from '../helpers/request-load.js'
import { insertUser, signInAt } from '../helpers/server.js'
import t, { type Test } from '../tap.js'

// The full run takes longer than the default limit of a test file.
t.setTimeout(400_000)

/** The number of requests answered before each fault, and again after it. */
const REQUESTS = IN_FULL ? 400 : 60
const ROUNDS = IN_FULL ? 5 : 1

/** The address of the user that `insertUser` creates. */
const ACTIVE = 'ada@example.com'

/** Starts two API processes and a worker on a separate PostgreSQL. */
async function start(t: Test) {
  const postgres = await ownPostgres(t)
  const { database } = postgres
  const mailbox = await startMailbox(t)
  const proxy = await openProxy(t, database.url)
  const env = { DATABASE_URL: proxy.url, SMTP_URL: mailbox.url, RATE_LIMIT: 'off' }
  const program = await buildProgram(t, database, env)
  const processes = await Promise.all([program.startServer(), program.startServer(), program.startWorker()])
  const apis = processes.slice(0, 2) as { url: string }[]
  const credentials = await insertUser(t, database)
  const signIn = (number: number) => signInAt(apis[number]?.url ?? '', credentials)
  const areReady = () =>
    eventually(async () => {
      const answers = await Promise.all(apis.map(({ url }) => fetch(`${url}/readyz`)))
      return answers.every(({ status }) => status === 200)
    })
  return { postgres, mailbox, proxy, apis, processes, signIn, areReady, startWorker: program.startWorker }
}
type Started = Awaited<ReturnType<typeof start>>

/**
 * Injects faults while clients send requests without a pause. Requests in flight get a 503, later
 * ones succeed, and no process ends.
 */
async function underLoad(t: Test, started: Started, faults: Record<string, () => Promise<unknown>>) {
  const { apis, processes, signIn, areReady } = started
  const targets = await Promise.all(apis.map(async ({ url }, number) => ({ url, ...(await signIn(number)) })))
  const load = startRequestLoad(targets)
  for (const [title, inject] of Object.entries(faults)) {
    t.same(await load.answers(REQUESTS), [], `${title}: no mistake before it`)
    await inject()
    await areReady()
    t.same(await load.answers(REQUESTS), [], `${title}: no mistake once the processes are ready`)
  }
  const { requests, unavailable, mistakes, registered } = await load.stop()
  t.same(mistakes.slice(0, 10), [], 'every failed request got a 503 with Retry-After')
  for (const { child } of processes) t.equal(child.exitCode ?? child.signalCode, null, 'no process ended')
  t.comment(`${requests} requests, ${unavailable} of them 503, ${registered.length} registered`)
  return registered
}

/** A session that is ended on one process ends on the other, through the announcement. */
async function hearsOfEndedSessions(t: Test, { apis, signIn }: Started, databaseUrl: string) {
  const sql = connect(t, databaseUrl)
  await eventually(async () => {
    const listeners =
      await sql`select from pg_stat_activity where application_name like ${`${PRODUCT.name} listener %`}`
    return listeners.length === apis.length + 1
  })
  const { accessToken } = await signIn(0)
  const headers = { authorization: `Bearer ${accessToken}` }
  const [here, there] = apis.map(({ url }) => `${url}/api/v1`)
  t.equal((await fetch(`${there}/me`, { headers })).status, 200)
  t.equal((await fetch(`${here}/auth/logout`, { method: 'POST', headers })).status, 204)
  await eventually(async () => (await fetch(`${there}/me`, { headers })).status === 401)
}

/**
 * Workers refuse a standby: a job would miss rows that have not arrived there yet, and its mail
 * would be lost.
 */
async function workersRefuseStandby(t: Test, standbyUrl: string) {
  const api = createDatabaseClient(clientOptions(standbyUrl))
  const worker = createDatabaseClient({ ...clientOptions(standbyUrl), needsPrimary: true })
  const read = (db: Pick<Db, 'select'>) => db.select().from(users).execute()
  for (const time of ['first', 'second'])
    await t.rejects(read(worker.db), { cause: { code: 'STANDBY' } }, `the ${time} time`)
  await t.rejects(worker.db.transaction(read), { code: 'STANDBY' })
  t.not((await read(api.db)).length, 0, 'the API still reads from a standby')
  await Promise.all([api.close(), worker.close()])
}

/**
 * Every accepted sign-up is registered, the outbox continues, and all processes shut down in order.
 */
async function nothingIsLost(t: Test, started: Started, registered: string[], databaseUrl: string) {
  const { mailbox, processes } = started
  await mailbox.next(registered.at(-1))
  for (const { child, ended } of processes) {
    child.kill('SIGTERM')
    t.match(await ended, { code: 0, signal: null, stderr: '' })
  }
  const users = await connect(t, databaseUrl)<{ email: string }[]>`select email from users`
  const known = new Set(users.map(({ email }) => email))
  t.same(
    registered.filter((email) => !known.has(email)),
    [],
    'every accepted sign-up is registered',
  )
  if (IN_FULL) await everyMailCame(t, started, databaseUrl)
}

/** The next worker finishes the jobs that a worker lost. */
async function everyMailCame(t: Test, { mailbox, startWorker }: Started, databaseUrl: string) {
  const sql = connect(t, databaseUrl)
  await passMinute(sql, undefined)
  await startWorker()
  await finishJobs(sql)
  const { lost, absent } = await balance(sql, mailbox.all)
  t.same(
    { lost, absent },
    { lost: [ACTIVE], absent: [] },
    'only the user who was already active gets no mail',
  )
  t.same([...(await sql`select * from outbox where failed_at is not null`)], [], 'leaves no dead letter')
}

t.test('a restart, crash or replacement of PostgreSQL fails only the requests in flight', async (t) => {
  const started = await start(t)
  const { postgres, proxy } = started
  const admin = connect(t, postgres.database.adminUrl)
  const registered: string[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const faults = {
      'restarted in order': () => postgres.restart('fast'),
      crashed: () => postgres.restart('immediate'),
      'its sessions ended': () =>
        admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = ${postgres.database.appRole}`,
    }
    registered.push(...(await underLoad(t, started, faults)))
    await hearsOfEndedSessions(t, started, postgres.database.adminUrl)
  }

  const standby = await postgres.addStandby()
  await workersRefuseStandby(t, standby.database.url)
  const failOver = async () => {
    await postgres.stop('immediate')
    proxy.leadTo(standby.database.url)
    await standby.promote()
  }
  registered.push(...(await underLoad(t, started, { 'failed over': failOver })))
  await hearsOfEndedSessions(t, started, standby.database.adminUrl)
  await nothingIsLost(t, started, registered, standby.database.adminUrl)
})
