/**
 * Measures the cost of the outbox for a sign-up, compared with adding the job to
 * Redis after the commit, and the jobs per second.
 */
import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import postgres from 'postgres'
import { loadConfig } from '../src/config/index.js'
import { createDatabaseClient, databaseOptions } from '../src/db/driver/client.js'
import { register } from '../src/db/queries/accounts/registration.js'
import { generateSigningKeyPem, parseSigningKeys } from '../src/lib/auth/signing-keys.js'
import { JOB_OPTIONS, producerConnection, QUEUE_NAME } from '../src/lib/jobs/job-options.js'
import { buildWorker } from '../src/worker-app.js'
import { openBenchDatabase } from './audit/database.js'
import { inRequest } from './audit/request.js'
import { registerWithoutJob } from './jobs/register-without-job.js'
import { median } from './lib/compare.js'
import { startCpuStopwatch } from './lib/cpu.js'
import { isQuick, report, roundsOf } from './lib/figures.js'

const ROUNDS = roundsOf({ usual: 25, quick: 8 })
const WINDOW_MS = 300
const CLIENTS = 10
const JOBS = 2_000
/** A separate Redis database, because its data is deleted. */
const REDIS_URL = new URL('/13', process.env.REDIS_TEST_URL ?? 'redis://127.0.0.1:6379').href

const database = await openBenchDatabase()
const sql = postgres(database.ownerUrl, { max: 1, onnotice: () => {} })
const queue = new Queue(QUEUE_NAME, {
  connection: producerConnection(REDIS_URL),
  defaultJobOptions: JOB_OPTIONS,
})
try {
  await queue.waitUntilReady()
  await compareSignUps()
  await sql`delete from outbox`
  if (!isQuick) for (const redisUrl of [undefined, REDIS_URL]) await countJobs(redisUrl)
} finally {
  await queue.obliterate({ force: true })
  await Promise.all([queue.close(), sql.end()])
  await database.close()
}
process.exit()

function newPerson() {
  return {
    email: `${randomUUID()}@example.com`,
    passwordHash: 'x'.repeat(97),
    firstName: 'Ada',
    lastName: 'King',
  }
}

/**
 * Measures both in the order of a palindrome, so that changes in the
 * speed of the machine affect them equally.
 */
async function compareSignUps(): Promise<void> {
  const config = loadConfig({ env: { CONFIG_FILE: 'off' }, overrides: { NODE_ENV: 'test' } })
  const { db, close } = createDatabaseClient(databaseOptions(config, database.appUrl, 'jobs bench'))
  const outbox = () => inRequest(() => register(db, newPerson()))
  const afterCommit = () =>
    inRequest(async () => {
      const person = newPerson()
      await registerWithoutJob(db, person)
      await queue.add('confirm-registration', { email: person.email }, { jobId: randomUUID() })
    })
  for (const side of [outbox, afterCommit]) for (let i = 0; i < 5; i += 1) await measure(side)
  const rounds: { outbox: number; afterCommit: number }[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const a = await measure(outbox)
    const b = (await measure(afterCommit)) + (await measure(afterCommit))
    rounds.push({ outbox: (a + (await measure(outbox))) / 2, afterCommit: b / 2 })
  }
  await close()
  const us = (side: 'outbox' | 'afterCommit') => Math.round(median(rounds.map((round) => round[side])))
  console.log(`A sign-up, CPU µs of Node, medians of ${ROUNDS} rounds: ${us('outbox')} with the outbox,`)
  console.log(`${us('afterCommit')} when added after the commit`)
  report('signUp', median(rounds.map((round) => round.outbox / round.afterCommit)))
}

/** Returns the CPU time of this process per sign-up, in µs. */
async function measure(signUp: () => Promise<unknown>): Promise<number> {
  const cpu = startCpuStopwatch([process.pid])
  const end = performance.now() + WINDOW_MS
  let count = 0
  const client = async () => {
    for (; performance.now() < end; count += 1) await signUp()
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return cpu.elapsedUs() / count
}

/** Measures jobs with minimal work: they look up an account that does not exist. */
async function countJobs(redisUrl: string | undefined): Promise<void> {
  await queue.obliterate({ force: true })
  const config = loadConfig({
    env: { CONFIG_FILE: 'off' },
    overrides: { NODE_ENV: 'test', ...(redisUrl !== undefined && { REDIS_URL: redisUrl }) },
  })
  const signingKeys = parseSigningKeys(generateSigningKeyPem())
  const worker = await buildWorker({ config, databaseUrl: database.appUrl, signingKeys, auditKey: undefined })
  await worker.ready()
  const start = performance.now()
  await sql`
    insert into outbox (job, payload) select 'request-verification', jsonb_build_object('email', n || '@example.com')
    from generate_series(1, ${JOBS}::int) as n`
  while ((await sql`select from outbox where done_at is null limit 1`).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const perSecond = Math.round((JOBS * 1000) / (performance.now() - start))
  console.log(`Jobs a second on ${redisUrl === undefined ? 'PostgreSQL' : 'Redis'}: ${perSecond}`)
  await worker.close()
}
