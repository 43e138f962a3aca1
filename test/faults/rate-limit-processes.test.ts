import { setTimeout as delay } from 'node:timers/promises'
import { bundled } from '../helpers/bundle.js'
import { createTestDatabase } from '../helpers/database.js'
import { startProcess } from '../helpers/process.js'
import { NO_REDIS, ownRedis } from '../helpers/redis.js'
import { startServer } from '../helpers/server.js'
import t, { type Test } from '../tap.js'

type Answered = { status: number; retryAfter: string | null; sentAt: number; answeredAt: number }

async function ask(url: string, body?: object): Promise<Answered> {
  const sentAt = performance.now()
  const response = await fetch(url, {
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  })
  await response.text()
  const retryAfter = response.headers.get('retry-after')
  return { status: response.status, retryAfter, sentAt, answeredAt: performance.now() }
}

const times = <T>(count: number, work: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))

const countOf = (answers: readonly Answered[], wanted: number) =>
  answers.filter(({ status }) => status === wanted).length

async function startRedis(t: Test): Promise<string> {
  const redis = await ownRedis(t)
  await redis.start()
  return redis.url
}

t.test(
  'two API processes admit exactly N of 100 requests, and a restart forgets none',
  { skip: NO_REDIS },
  async (t) => {
    const [REDIS_URL, database] = [await startRedis(t), await createTestDatabase(t)]
    const env = { DATABASE_URL: database.url, REDIS_URL, RATE_LIMIT: 'on', LOG_FILE_PATH: 'off' }
    const [one, other] = await Promise.all([startServer(t, { env }), startServer(t, { env })])
    const guess = ({ url }: { url: string }) =>
      ask(`${url}/api/v1/auth/verify-email`, { token: 'x'.repeat(43) })
    // The first requests of a process are its slowest.
    for (const { url } of [one, other]) await ask(`${url}/healthz`)
    const guesses = await times(100, (i) => guess(i % 2 === 0 ? one : other))
    t.equal(countOf(guesses, 400), 20)
    t.equal(countOf(guesses, 429), 80)
    one.child.kill('SIGKILL')
    await one.ended
    t.match(await guess(await startServer(t, { env })), { status: 429, retryAfter: /^[1-5]?\d$|^60$/ })
  },
)

const QUOTA = 20
const WINDOW_MS = 1000

/**
 * The most requests that lie in one window for certain, from sending to answer, so that a slow
 * machine does not increase the count.
 */
const mostInAWindow = (allowed: readonly Answered[]): number =>
  Math.max(
    ...allowed.map(
      ({ sentAt: start }) =>
        allowed.filter(({ sentAt, answeredAt }) => sentAt >= start && answeredAt < start + WINDOW_MS).length,
    ),
  )

async function startLimited(t: Test, REDIS_URL: string): Promise<string> {
  const server = startProcess(t, await bundled('test/helpers/limited-server.ts'), {
    env: { REDIS_URL, LIMIT: `${QUOTA}/second` },
  })
  const [, url] = await server.says(/listening at (http:\/\/[\w.:]+)/)
  return String(url)
}

async function decidedHere(url: string): Promise<number> {
  const stats = (await (await fetch(`${url}/stats`)).json()) as { decidedHere: number }
  return stats.decidedHere
}

t.test(
  'two processes admit at most N in any window at the worst timing, and Retry-After always holds',
  { skip: NO_REDIS },
  async (t) => {
    const redisUrl = await startRedis(t)
    const urls = await Promise.all([startLimited(t, redisUrl), startLimited(t, redisUrl)])
    const hit = (i: number) => ask(`${urls[i % 2]}/limited`)
    const all: Answered[] = [await hit(0)]
    const end = performance.now() + 3 * WINDOW_MS
    await delay(WINDOW_MS - 50)
    all.push(...(await times(QUOTA - 1, hit)))
    await times(100, async (i) => {
      while (performance.now() < end) all.push(await hit(i))
    })
    const allowed = all.filter(({ status }) => status === 200)
    const decidedAlone = await Promise.all(urls.map(decidedHere))
    // A process counts alone when Redis takes too long to answer, as on an overloaded machine.
    const most = decidedAlone.every((count) => count === 0) ? QUOTA : QUOTA * urls.length
    t.ok(
      mostInAWindow(allowed) <= most,
      `${mostInAWindow(allowed)} in a window, ${decidedAlone} decided alone`,
    )
    t.ok(allowed.length > QUOTA, 'more than one window passed')
    t.equal(allowed.length + countOf(all, 429), all.length)

    for (let i = 0; i < 5; i += 1) {
      const refused = (await times(2 * QUOTA, hit)).filter(({ status }) => status === 429).at(-1)
      t.match(refused?.retryAfter, /^[1-9]\d*$/)
      await delay(Number(refused?.retryAfter) * 1000)
      t.equal((await hit(i)).status, 200, 'a caller that waited is admitted')
    }
  },
)
