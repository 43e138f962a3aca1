import type { FastifyInstance } from 'fastify'
import { createUser } from '../../src/db/queries/accounts/users.js'
import { reconcile } from '../../src/workers/keep-schedules.js'
import { type Schedules, UnrecoverableError } from '../../src/workers/processor.js'
import { connect, createTestDatabase, newerReleaseWasHere } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { buildJobApp, onEachBackend, queueOf } from '../helpers/jobs.js'
import { moved } from '../helpers/moved.js'

const run = async () => undefined

/** The schedules of the queue: name, and pattern or interval. */
async function schedulersOf(app: FastifyInstance) {
  const schedulers = await app.queue.schedulers.getJobSchedulers()
  return Object.fromEntries(schedulers.map(({ key, pattern, every, tz }) => [key, pattern ?? every, tz]))
}

const namesOf = async (app: FastifyInstance): Promise<string[]> =>
  (await queueOf(app).getJobs()).map(({ name }) => name).sort()

onEachBackend('ten processes that start at once create each schedule once', async (t, backend) => {
  const database = await createTestDatabase(t)
  const apps = await Promise.all(Array.from({ length: 10 }, () => buildJobApp(t, { database, backend })))
  const schedules: Schedules = { nightly: { cron: '10 2 * * *', run }, often: { everySeconds: 3600, run } }
  await Promise.all(apps.map((app) => reconcile(app, schedules)))
  const [app] = apps as [FastifyInstance]
  t.strictSame(await schedulersOf(app), { nightly: '10 2 * * *', often: 3_600_000 })
  t.strictSame(await namesOf(app), ['nightly', 'often'], 'each schedule has one tick')
})

onEachBackend('the queue follows the list of schedules', async (t, backend) => {
  const database = await createTestDatabase(t)
  const app = await buildJobApp(t, { database, backend })
  await reconcile(app, {
    same: { cron: '0 6 * * 1', run },
    interval: { everySeconds: 60, run },
    'old-name': { cron: '10 2 * * *', run },
    removed: { cron: '0 0 1 * *', run },
  })
  const tick = (await queueOf(app).getJobSchedulers()).find(({ key }) => key === 'same')
  await reconcile(app, {
    same: { cron: '0 6 * * 1', run },
    interval: { cron: '* * * * *', run },
    'new-name': { cron: '10 3 * * *', run },
  })
  const expected = { same: '0 6 * * 1', interval: '* * * * *', 'new-name': '10 3 * * *' }
  t.strictSame(await schedulersOf(app), expected)
  t.strictSame(await namesOf(app), Object.keys(expected).sort(), 'no tick of a removed schedule is left')
  t.strictSame(
    (await queueOf(app).getJobSchedulers()).find(({ key }) => key === 'same'),
    tick,
  )
  const [at] = (await queueOf(app).getJobSchedulers()).filter(({ key }) => key === 'new-name')
  t.match(new Date(at?.next ?? 0).toISOString(), /T03:10:00.000Z$/, 'times are UTC')

  await newerReleaseWasHere(connect(t, database.ownerUrl))
  await reconcile(app, { same: { cron: '0 7 * * 1', run }, missing: { cron: '0 8 * * 1', run } })
  t.strictSame(
    await schedulersOf(app),
    { ...expected, missing: '0 8 * * 1' },
    'schedules of a newer release stay',
  )
})

onEachBackend('two workers share the runs of a schedule', async (t, backend) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  const runs: string[] = []
  const write = async ({ db }: FastifyInstance, { id }: { id: string }) => {
    runs.push(id)
    await createUser(db, { email: `${id}@example.com`, firstName: 'Ada', lastName: 'Test' })
  }
  const schedules: Schedules = { 'make-users': { everySeconds: 1, run: write } }
  await Promise.all([1, 2].map(() => buildJobApp(t, { database, backend, schedules })))
  const done = () => sql`select id from outbox where scheduled and done_at is not null order by id limit 3`
  await eventually(async () => (await done()).length === 3)
  t.strictSame(
    runs.slice(0, 3),
    (await done()).map(({ id }) => id),
    'each run is done by one worker, in order',
  )
  const entries = await moved(sql)`select distinct actor, table_name, request_id from audit.audit_log`
  t.strictSame([...entries], [{ actor: 'job:make-users', table_name: 'users', request_id: null }])
})

onEachBackend('a failed run is one dead letter, which the next tick clears', async (t, backend) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  let isBroken = true
  const seal = async () => {
    if (isBroken) throw new UnrecoverableError('The key has been retired')
  }
  await buildJobApp(t, { database, backend, schedules: { seal: { everySeconds: 1, run: seal } } })
  const rows =
    () => sql`select id, attempts, last_error, failed_at is not null as failed, done_at is not null as done
    from outbox order by id`
  const [failed] = await eventually(async () => {
    const [row, ...others] = await rows()
    return row?.failed && row.attempts >= 2 && [row, others]
  })
  t.match(failed, { last_error: 'The key has been retired' })
  t.equal((await rows()).length, 1, 'repeated failures stay one dead letter')
  isBroken = false
  await eventually(async () => (await rows()).some(({ id, done }) => id === failed.id && done))
  t.notOk((await rows()).some(({ failed }) => failed))
})

onEachBackend('a schedule can also run when a worker starts', async (t, backend) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  const schedules: Schedules = { prepare: { cron: '0 0 1 1 *', atStart: true, run } }
  await buildJobApp(t, { database, backend, schedules })
  await eventually(async () => {
    const rows = await sql`select job from outbox where done_at is not null`
    return rows.length === 1 && rows[0]?.job === 'prepare'
  })
})

onEachBackend('a tick of a removed schedule does nothing', async (t, backend) => {
  const database = await createTestDatabase(t)
  const sql = connect(t, database.ownerUrl)
  const before = await buildJobApp(t, { database, backend })
  // An interval starts with a tick that is due at once and remains when the schedule is removed.
  await reconcile(before, { gone: { everySeconds: 3600, run } })
  await buildJobApp(t, { database, backend, schedules: {} })
  await eventually(async () => (await queueOf(before).getJobs(['waiting', 'active'])).length === 0)
  t.strictSame([...(await sql`select job from outbox`)], [])
})
