import { openRedis, RedisWindows } from '../../src/rate-limit/moving-window-in-redis.js'
import { type Policy, type Strategy, toPolicies } from '../../src/rate-limit/policies.js'
import { report } from '../lib/figures.js'
import type { BenchRedis } from './redis.js'

const KEYS = 200
const QUOTA = 100

export const STRATEGIES = ['moving-window', 'fixed-window', 'fixed-window-elastic-expiry'] as const

export const policyOf = (strategy: Strategy, windowMs: number, quota = QUOTA): Policy => {
  const [policy] = toPolicies(
    { limit: `${quota}/hour`, strategy },
    { method: 'POST', url: '/api/v1/example' },
  )
  return { ...(policy as Policy), windowMs }
}

/**
 * Measures 200 keys at their quota, as long as those of routes: by
 * MEMORY USAGE of one and by the total used memory.
 */
export async function reportMemory({ url, client }: BenchRedis): Promise<void> {
  const redis = openRedis(url)
  await new Promise((resolve) => redis.once('ready', resolve))
  const windows = new RedisWindows(redis, 'groundwork:limit:')
  const rows: Record<string, { 'MEMORY USAGE, bytes': number; 'used_memory, bytes a key': number }> = {}
  for (const strategy of STRATEGIES) {
    await client.flushall()
    const policy = policyOf(strategy, 3_600_000)
    const before = await usedMemory(client)
    for (let key = 0; key < KEYS; key += 1) {
      const hit = { key: `${policy.scope}:{${String(key).padStart(22, 'x')}}`, policy }
      for (let i = 0; i < QUOTA; i += 1) await windows.take([hit])
    }
    const [first = ''] = await client.keys('*')
    rows[strategy] = {
      'MEMORY USAGE, bytes': Number(await client.memory('USAGE', first)),
      'used_memory, bytes a key': Math.round(((await usedMemory(client)) - before) / KEYS),
    }
  }
  redis.disconnect()
  console.log(`A key at N = ${QUOTA}`)
  console.table(rows)
  report('limitKey', Math.max(...Object.values(rows).map((row) => row['MEMORY USAGE, bytes'])))
}

async function usedMemory(client: BenchRedis['client']): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
}
