import { redisPlacesOf } from '../../src/lib/redis/index.js'
import { parseRedisUrl } from '../../src/lib/redis/url.js'
import { PASSWORD } from '../helpers/app.js'
import { buildProgram } from '../helpers/built.js'
import { BOARD, buildDashboard } from '../helpers/dashboard.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { type Onboarding, startOnboarding } from '../helpers/onboarding.js'
import { finishJobs } from '../helpers/passing-time.js'
import { NO_REDIS, ownCluster, ownRedis, ownSentinels } from '../helpers/redis.js'
import t, { type Test } from '../tap.js'

t.setTimeout(400_000)

const person = (name: string) => ({
  ...{ email: `${name}@example.com`, password: PASSWORD, firstName: 'Ada', lastName: 'Test' },
})

async function sendsMail({ anonymous, mailbox }: Onboarding, name: string): Promise<void> {
  await anonymous.post('/auth/register', person(name))
  await mailbox.next(`${name}@example.com`)
}

/** Checks a request with one limit and one with two limits. */
async function limitsAsPromised(t: Test, { anonymous }: Onboarding): Promise<void> {
  const token = { token: 'x'.repeat(43) }
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => anonymous.post('/auth/verify-email', token)),
  )
  t.equal(answers.filter(({ status }) => status === 400).length, 20, 'admits exactly the quota')
  const ask = () => anonymous.post('/auth/forgot-password', { email: 'a@example.com' })
  t.strictSame([(await ask()).status, (await ask()).status], [202, 429])
}

async function showsJobs(t: Test, { database }: Onboarding, REDIS_URL: string): Promise<void> {
  const { browser } = await buildDashboard(t, { database, config: { REDIS_URL } })
  await browser.signIn()
  const answer = await browser.get(`${BOARD}/api/queues`)
  t.equal(answer.status, 200)
  t.ok(answer.json().queues[0].counts.completed >= 2, 'the dashboard shows the jobs')
}

t.test('jobs, limits and the dashboard work on a cluster of three nodes', { skip: NO_REDIS }, async (t) => {
  const cluster = await ownCluster(t)
  const config = { REDIS_URL: cluster.url, RATE_LIMIT: 'on' } as const
  const onboarding = await startOnboarding(t, { config })
  for (const name of ['ada', 'grace', 'alan']) await sendsMail(onboarding, name)
  await limitsAsPromised(t, onboarding)
  const ready = await onboarding.anonymous.request({ method: 'GET', url: '/readyz' })
  t.notMatch(ready.text, /degraded/)
  await showsJobs(t, onboarding, cluster.url)
  await eventually(async () => (await cluster.counts()).filter((count) => count > 0).length >= 2)
})

t.test(
  'follows the sentinels to the current master, also after the old one is gone',
  { skip: NO_REDIS },
  async (t) => {
    const sentinels = await ownSentinels(t)
    const config = { REDIS_URL: sentinels.url, RATE_LIMIT: 'on' } as const
    const onboarding = await startOnboarding(t, { config })
    await sendsMail(onboarding, 'ada')
    await limitsAsPromised(t, onboarding)
    await showsJobs(t, onboarding, sentinels.url)
    await sentinels.master.kill()
    const ready = async () => (await onboarding.anonymous.request({ method: 'GET', url: '/readyz' })).text
    await eventually(async () => !(await ready()).includes('degraded'), 60_000)
    // A job that the failover lost is handed over again when its lease has expired.
    await onboarding.anonymous.post('/auth/register', person('grace'))
    await finishJobs(connect(t, onboarding.database.ownerUrl))
    await onboarding.mailbox.next('grace@example.com')
  },
)

t.test('refuses to start with a database number that Redis does not have', { skip: NO_REDIS }, async (t) => {
  const redis = await ownRedis(t, { databases: '4', requirepass: 'hunter2' })
  await redis.start()
  const { host } = new URL(redis.url)
  const program = await buildProgram(t, await createTestDatabase(t), {})
  for (const entry of ['spawnServer', 'spawnWorker'] as const) {
    const REDIS_URL = `redis://:hunter2@${host}/99`
    const { code, stdout, stderr } = await program[entry]({ REDIS_URL }).ended
    t.equal(code, 1)
    t.match(
      stderr,
      RegExp(`^REDIS_URL names the database 99, but Redis at ${host} refuses it .*out of range.*\n$`),
    )
    t.notMatch(stdout + stderr, /hunter2/)
  }
  const worker = await program.startWorker({ REDIS_URL: `redis://:hunter2@${host}/3` })
  worker.child.kill()
})

t.test('accepts and refuses URLs of Redis as documented', async (t) => {
  t.match(parseRedisUrl('redis://:p%40w@host/3'), { kind: 'single', password: 'p@w', database: 3 })
  t.match(parseRedisUrl('rediss://me:p@w@host'), { hasTls: true, username: 'me', password: 'p@w' })
  t.match(parseRedisUrl('redis+cluster://a:1,b,[::1]:3'), {
    kind: 'cluster',
    nodes: [
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
      { host: '::1', port: 3 },
    ],
  })
  t.match(parseRedisUrl('rediss+sentinel://:pw@a,b/master/2?sentinelPassword=x'), {
    ...{ kind: 'sentinel', master: 'master', database: 2, sentinelPassword: 'x', hasTls: true },
    nodes: [{ port: 26_379 }, { port: 26_379 }],
  })
  t.equal(redisPlacesOf('redis+cluster://:hunter2@a:1,b:2'), 'a:1,b:2')
  const refusals = {
    'redis://:hunter2@h/zero': /database number/,
    'redis://:hunter2@h/1/2': /database number/,
    'redis://:hunter2@a,b': /redis\+cluster/,
    'redis+cluster://:hunter2@a/1': /a cluster has no others/,
    'redis+sentinel://:hunter2@a': /must name the master/,
    'redis://:hunter2@h?family=6': /parameter family,/,
    'redis://:hun/ter2@h': /percent-encoded/,
    'redis://:hun#ter2@h': /percent-encoded/,
    'redis://u:1#hunter2@h': /percent-encoded/,
    'redis://:hun?ter2@h': /percent-encoded/,
    'redis://:hunter2%@h': /percent-encoded/,
    'redis://:hunter2@h:99999': /percent-encoded/,
  }
  for (const [url, message] of Object.entries(refusals)) {
    t.throws(() => parseRedisUrl(url), { message })
    t.throws(() => parseRedisUrl(url), { message: /^(?!.*(hun|ter2))/ })
  }
})
