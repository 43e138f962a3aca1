import { setTimeout as delay } from 'node:timers/promises'
import { openRedis, RedisWindows } from '../../src/rate-limit/moving-window-in-redis.js'
import type { Policy } from '../../src/rate-limit/policies.js'
import { policyOf, STRATEGIES } from './memory.js'
import type { BenchRedis } from './redis.js'

const QUOTA = 100
const WINDOW_MS = 1000
const CALLERS = 50
const CYCLES = 3

/**
 * The worst timing: one request first, the rest of the quota at the end of
 * the window, then all callers without a pause.
 */
export async function reportWorstWindows({ url, client }: BenchRedis): Promise<void> {
  const redis = openRedis(url)
  await new Promise((resolve) => redis.once('ready', resolve))
  const windows = new RedisWindows(redis, 'worst:')
  const rows: Record<string, object> = {}
  for (const strategy of STRATEGIES) {
    const worst: number[] = []
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      await client.flushall()
      const times = await attack(windows, policyOf(strategy, WINDOW_MS, QUOTA))
      worst.push(Math.max(...times.map(({ askedAt }) => countFrom(times, askedAt))))
    }
    rows[strategy] = { 'the most in any window': Math.max(...worst), 'times N': Math.max(...worst) / QUOTA }
  }
  redis.disconnect()
  console.log(`N = ${QUOTA} in ${WINDOW_MS} ms, by ${CALLERS} callers, ${CYCLES} times`)
  console.table(rows)
}

type Allowed = { askedAt: number; answeredAt: number }

async function attack(windows: RedisWindows, policy: Policy): Promise<Allowed[]> {
  const allowed: Allowed[] = []
  const take = async () => {
    const askedAt = performance.now()
    // A request without an answer in time may have been counted.
    // Leaving it out cannot make the figure larger.
    const verdict = await windows.take([{ key: 'everybody', policy }]).catch(() => undefined)
    if (verdict?.isAllowed) allowed.push({ askedAt, answeredAt: performance.now() })
  }
  const start = performance.now()
  await take()
  await delay(WINDOW_MS - 50 - (performance.now() - start))
  await Promise.all(Array.from({ length: QUOTA - 1 }, take))
  const hammer = async () => {
    while (performance.now() < start + 3.5 * WINDOW_MS) await take()
  }
  await Promise.all(Array.from({ length: CALLERS }, hammer))
  return allowed
}

/** Counts only requests that are certainly within one window, from sending to response. */
const countFrom = (times: readonly Allowed[], start: number): number =>
  times.filter(({ askedAt, answeredAt }) => askedAt >= start && answeredAt < start + WINDOW_MS).length
