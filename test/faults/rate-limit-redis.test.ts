import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { MemoryWindows } from '../../src/rate-limit/moving-window-in-memory.js'
import { openRedis, RedisWindows } from '../../src/rate-limit/moving-window-in-redis.js'
import { type Policy, type Strategy, toPolicies } from '../../src/rate-limit/policies.js'
import { RedisWithLocalFallback } from '../../src/rate-limit/redis-with-local-fallback.js'
import { buildTestApp } from '../helpers/app.js'
import type { Answer } from '../helpers/client.js'
import { createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { openProxy } from '../helpers/proxy.js'
import { NO_REDIS, ownRedis } from '../helpers/redis.js'
import t, { type Test } from '../tap.js'

const SILENT = { onOutage: () => undefined, onRecovery: () => undefined }
const TOKEN = { token: 'x'.repeat(43) }

async function startRedis(t: Test, options: Record<string, string> = {}) {
  const server = await ownRedis(t, options)
  await server.start()
  const admin = new Redis(server.url)
  admin.on('error', () => undefined)
  t.teardown(() => admin.disconnect())
  return { server, admin }
}

const countOf = (answers: Answer[], wanted: number) =>
  answers.filter(({ status }) => status === wanted).length

t.test(
  'two processes share their limits exactly, and one started later continues them',
  { skip: NO_REDIS },
  async (t) => {
    const { server, admin } = await startRedis(t)
    const database = await createTestDatabase(t)
    const start = async () =>
      (await buildTestApp(t, { database, config: { RATE_LIMIT: 'on', REDIS_URL: server.url } })).anonymous
    const clients = [await start(), await start()]
    const answers = await Promise.all(
      Array.from(
        { length: 100 },
        (_, i) => clients[i % 2]?.post('/auth/verify-email', TOKEN) as Promise<Answer>,
      ),
    )
    t.equal(countOf(answers, 400), 20)
    t.equal(countOf(answers, 429), 80)
    t.equal((await (await start()).post('/auth/verify-email', TOKEN)).status, 429)
    t.equal((await clients[0]?.post('/auth/forgot-password', { email: 'a@example.com' }))?.status, 202)
    t.equal((await clients[1]?.post('/auth/forgot-password', { email: 'A@example.com' }))?.status, 429)
    const keys = await admin.keys('*')
    t.ok(keys.length > 0)
    for (const key of keys) {
      t.match(key, /^app:[0-9a-f]{12}:limit:/)
      t.notMatch(key, /example|127\.0/)
    }
  },
)

t.test(
  'survives a Redis that is flushed, frozen, killed or restarted, without a 5xx and with at most N per process',
  { skip: NO_REDIS },
  async (t) => {
    const { server, admin } = await startRedis(t)
    const { anonymous } = await buildTestApp(t, { config: { RATE_LIMIT: 'on', REDIS_URL: server.url } })
    const ready = async () => (await anonymous.request({ method: 'GET', url: '/readyz' })).body
    const burst = () =>
      Promise.all(Array.from({ length: 40 }, () => anonymous.post('/auth/verify-email', TOKEN)))
    const all: Answer[] = []
    all.push(...(await burst()))
    t.equal(countOf(all, 400), 20)
    await admin.script('FLUSH')
    await admin.flushall()
    all.push(...(await burst()))
    server.freeze()
    all.push(...(await burst()))
    await Promise.all(Array.from({ length: 5 }, () => anonymous.get('/nothing')))
    t.match(await eventually(async () => ((await ready()).status === 'degraded' ? ready() : false)), {
      status: 'degraded',
      checks: { rateLimits: /^degraded: Redis does not answer/ },
    })
    server.thaw()
    await eventually(async () => (await ready()).status === 'ready')
    await server.kill()
    await eventually(async () => (await ready()).status === 'degraded')
    all.push(...(await burst()))
    await server.start()
    await eventually(async () => (await ready()).status === 'ready')
    all.push(...(await burst()))
    t.equal(countOf(all, 400), 20, 'all requests are in one window of one process')
    t.equal(countOf(all, 429), all.length - 20)
    t.match((await anonymous.get('/nothing')).status, 404)
  },
)

for (const strategy of ['moving-window', 'fixed-window', 'fixed-window-elastic-expiry'] as const) {
  t.test(
    `${strategy} in Redis: admits at most N, and admits callers that waited for Retry-After`,
    { skip: NO_REDIS },
    async (t) => {
      const { server } = await startRedis(t)
      const redis = openRedis(server.url)
      t.teardown(() => redis.disconnect())
      await eventually(() => redis.status === 'ready')
      const windows = new RedisWindows(redis, 'test:')
      const [first] = toPolicies(
        { limit: '5/second', strategy: strategy as Strategy },
        { method: 'GET', url: '/x' },
      ) as [Policy]
      const policy = { ...first, windowMs: 300 }
      const take = () => windows.take([{ key: 'ada', policy }])
      for (let i = 0; i < 6; i += 1) {
        const verdicts = await Promise.all(Array.from({ length: 20 }, take))
        const allowed = verdicts.filter(({ isAllowed }) => isAllowed)
        // In later rounds the request that waited takes part of the quota.
        t.ok(i === 0 ? allowed.length === 5 : allowed.length < 5, `${allowed.length} of 20`)
        const { waitMs = 0 } = verdicts.at(-1) ?? {}
        t.ok(waitMs > 0 && waitMs <= policy.windowMs + 1, `${waitMs} ms`)
        await delay(waitMs)
        t.match(await take(), { isAllowed: true })
      }
    },
  )
}

t.test(
  'no request waits for a Redis known to be frozen, and the outage and its end are logged once each',
  { skip: NO_REDIS },
  async (t) => {
    const { server } = await startRedis(t)
    const redis = openRedis(server.url)
    const reported: string[] = []
    const windows = new RedisWithLocalFallback(redis, new RedisWindows(redis, 'test:'), new MemoryWindows(), {
      onOutage: () => reported.push('outage'),
      onRecovery: () => reported.push('recovery'),
    })
    t.teardown(() => windows.end())
    await eventually(() => redis.status === 'ready')
    const [policy] = toPolicies('3/minute', { method: 'GET', url: '/x' }) as [Policy]
    const take = (key: string) => windows.take([{ key, policy }])
    server.freeze()
    const verdicts = await Promise.all(Array.from({ length: 10 }, () => take('ada')))
    t.equal(verdicts.filter(({ isAllowed }) => isAllowed).length, 3)
    t.ok(windows.isDegraded)
    t.match(await take('grace'), { isAllowed: true, states: [{ remaining: 2 }] })
    server.thaw()
    await eventually(() => !windows.isDegraded)
    t.strictSame(reported, ['outage', 'recovery'])
  },
)

t.test('replaces a connection that the network dropped without closing it', { skip: NO_REDIS }, async (t) => {
  const { server } = await startRedis(t)
  const network = await openProxy(t, server.url)
  const redis = openRedis(network.url)
  const windows = new RedisWithLocalFallback(
    redis,
    new RedisWindows(redis, 'test:'),
    new MemoryWindows(),
    SILENT,
  )
  t.teardown(() => windows.end())
  await eventually(() => redis.status === 'ready')
  const [policy] = toPolicies('100/minute', { method: 'GET', url: '/x' }) as [Policy]
  network.forget()
  await eventually(async () => {
    await windows.take([{ key: 'ada', policy }])
    return windows.isDegraded
  })
  await eventually(() => !windows.isDegraded)
  t.equal(network.connections(), 2)
})

t.test(
  'checks all limits of a request in one call to one node of Redis Cluster, with keys in one slot',
  { skip: NO_REDIS },
  async (t) => {
    const { server, admin } = await startRedis(t, { 'cluster-enabled': 'yes' })
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383)
    await eventually(async () => /cluster_state:ok/.test(String(await admin.call('CLUSTER', 'INFO'))))
    await t.rejects(
      admin.mget('a', 'b'),
      /CROSSSLOT/,
      'the single node is as strict about slots as one of many',
    )
    const { anonymous } = await buildTestApp(t, { config: { RATE_LIMIT: 'on', REDIS_URL: server.url } })
    for (let i = 0; i < 12; i += 1) {
      const { status } = await anonymous.post('/auth/forgot-password', { email: `${i}@example.com` })
      t.equal(status, i < 10 ? 202 : 429)
    }
    const keys = await admin.keys('*')
    t.equal(keys.length, 11, 'both limits are counted in the cluster')
    t.equal(new Set(await Promise.all(keys.map((key) => admin.call('CLUSTER', 'KEYSLOT', key)))).size, 1)
  },
)
