import type { Db } from '../../src/db/driver/client.js'
import { createUser } from '../../src/db/queries/accounts/users.js'
import { retryFailedJobs } from '../../src/db/queries/jobs/failed-jobs.js'
import { enqueue, enqueueScheduled, markDone, OUTBOX_CHANNEL } from '../../src/db/queries/jobs/outbox.js'
import { claimOutbox, findOpenJob, recordFailure } from '../../src/db/queries/jobs/outbox-work.js'
import { runInContext } from '../../src/lib/audit/context.js'
import { runJob } from '../../src/workers/run-job.js'
import { openAuditTest } from '../helpers/audit.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

const payload = { email: 'ada@example.com' }
const anyRequest = { actor: 'anonymous', userId: null, requestId: 'the-request' } as const
const CLAIM = { limit: 10, leaseMs: 60_000 }

t.test('a job can only be enqueued in a transaction and with valid data', async (t) => {
  const { db, owner } = await openAuditTest(t)
  // @ts-expect-error: outside a transaction nothing guarantees that the change it refers to is committed.
  const outside = () => enqueue(db, 'request-verification', payload)
  t.type(outside, 'function')
  const wrong = { email: 'no address' }
  await t.rejects(
    db.transaction((tx) => enqueue(tx, 'request-verification', wrong)),
    TypeError,
  )
  const rolledBack = db.transaction(async (tx) => {
    await enqueue(tx, 'request-verification', payload)
    throw new Error('no')
  })
  await t.rejects(rolledBack, /no/)
  t.strictSame([...(await owner`select id from outbox`)], [])
})

t.test('a delayed job waits until its time', async (t) => {
  const { db, owner } = await openAuditTest(t)
  const runAt = new Date(Date.now() + 3_600_000)
  await db.transaction((tx) => enqueue(tx, 'request-verification', payload, { runAt }))
  t.strictSame(await claimOutbox(db, CLAIM), [])
  await owner`update outbox set claimed_until = claimed_until - interval '1 hour 1 second'`
  t.match(await claimOutbox(db, CLAIM), [{ job: 'request-verification' }])
})

t.test('new jobs and retried ones are announced, so that no worker has to poll for them', async (t) => {
  const { db, owner } = await openAuditTest(t)
  let announced = 0
  await owner.listen(OUTBOX_CHANNEL, () => {
    announced += 1
  })
  await db.transaction((tx) => enqueue(tx, 'request-verification', payload))
  await eventually(() => announced === 1)
  t.equal(await retryFailedJobs(db), 0)
  await owner`update outbox set failed_at = now()`
  t.equal(await retryFailedJobs(db), 1)
  t.ok(await eventually(() => announced === 2))
})

/** The parts of the worker that `runJob` needs. */
function appOf(db: Db): Parameters<typeof runJob>[0] {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
  return { db, log } as never
}

t.test('attributes the changes of a job to it and to the request that enqueued it', async (t) => {
  const { db, owner } = await openAuditTest(t)
  await runInContext(anyRequest, () => db.transaction((tx) => enqueue(tx, 'request-verification', payload)))
  const [job] = await claimOutbox(db, CLAIM)
  await runJob(appOf(db), String(job?.id), () => async () => {
    await createUser(db, { email: 'ada@example.com', firstName: 'Ada', lastName: 'Test' })
    await db.transaction((tx) => enqueue(tx, 'request-verification', payload))
  })
  const entries = await moved(owner)`select actor, request_id from audit.audit_log`
  t.strictSame([...entries], [{ actor: 'job:request-verification', request_id: 'the-request' }])
  const enqueued = await owner`select distinct request_id from outbox`
  t.strictSame([...enqueued], [{ request_id: 'the-request' }], 'jobs enqueued by a job name the same request')
})

t.test('counts and keeps failures, and makes the last one a dead letter', async (t) => {
  const { db, owner } = await openAuditTest(t)
  await db.transaction((tx) => enqueue(tx, 'request-verification', payload))
  const [job] = await claimOutbox(db, CLAIM)
  const id = String(job?.id)
  const fail = () => recordFailure(db, id, { message: 'It is broken', stack: 'at …', maxAttempts: 3 })
  t.strictSame([await fail(), await fail(), await fail()], [false, false, true])
  t.match(await owner`select * from outbox`, [
    { attempts: 3, last_error: 'It is broken', last_stack: 'at …', failed_at: Date, done_at: null },
  ])
  await owner`update outbox set claimed_until = null`
  t.strictSame(await claimOutbox(db, CLAIM), [], 'a dead letter is not claimed again')
  t.ok(await markDone(db, id), 'a dead letter can still be marked done')
  t.match(await owner`select * from outbox`, [{ failed_at: null, done_at: Date }])
  t.notOk(await findOpenJob(db, id))
  t.notOk(await fail(), 'a job that is done cannot fail')
})

t.test('enqueued jobs are tried thirty times, runs of schedules five times', async (t) => {
  const { db, owner } = await openAuditTest(t)
  await db.transaction((tx) => enqueue(tx, 'request-verification', payload))
  await enqueueScheduled(db, 'seal-audit-log')
  for (const { id, job } of await claimOutbox(db, CLAIM)) {
    let attempts = 0
    while ((await owner`select from outbox where id = ${id} and failed_at is null`).length > 0) {
      attempts += 1
      const fail = () => Promise.reject(new Error(`Too much\0 ${'x'.repeat(1_000_000)}`))
      await t.rejects(
        runJob(appOf(db), id, () => fail),
        /^Too much\uFFFD x/,
      )
    }
    t.equal(attempts, job === 'request-verification' ? 30 : 5)
  }
  const [row] = await owner`select last_error, last_stack from outbox`
  t.match(row, { last_error: /^Too much\uFFFD x/, last_stack: /^Error: Too much\uFFFD x/ })
})
