/**
 * Measures the cost of a limit compared with the Redis store of @fastify/rate-limit, the memory of a key, and
 * the most requests in any window.
 */
import { nextMessage, start, stop } from './lib/child.js'
import { comparePair, type Figures, median, type Pair, type Side } from './lib/compare.js'
import { isQuick, report as reportFigure, roundsOf } from './lib/figures.js'
import { reportMemory } from './rate-limit/memory.js'
import { type BenchRedis, startRedis } from './rate-limit/redis.js'
import { reportWorstWindows } from './rate-limit/worst-window.js'

const ROUNDS = roundsOf({ usual: 3, quick: 1 })
const WARM_UP_PAIRS = 2
const PAIRS = 8
const CLIENTS = 10
const LIMIT = 100
const WINDOW_SECONDS = 10

type Case = { title: string; addresses: number; status: 200 | 429; figure?: 'limited' }
const CASES: Case[] = [
  { title: 'allowed', addresses: 2000, status: 200, figure: 'limited' },
  { title: 'refused', addresses: 1, status: 429 },
]

const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
const [oursRedis, bareRedis] = await Promise.all([startRedis(), startRedis()])
try {
  for (const each of isQuick ? CASES.slice(0, 1) : CASES) {
    const pairs: Pair[] = []
    for (let round = 0; round < ROUNDS; round += 1) pairs.push(...(await runRound(each)))
    report(each, pairs)
  }
  await reportMemory(oursRedis)
  if (!isQuick) await reportWorstWindows(oursRedis)
} finally {
  await stop(load)
  await Promise.all([oursRedis.stop(), bareRedis.stop()])
}

/** Starts both sides anew, with empty databases. */
async function runRound(each: Case): Promise<Pair[]> {
  await Promise.all([oursRedis.client.flushall(), bareRedis.client.flushall()])
  const [ours, bare] = await Promise.all([
    startSide('ours', oursRedis, each),
    startSide('bare', bareRedis, each),
  ])
  for (let i = 0; i < WARM_UP_PAIRS; i += 1) await comparePair(load, ours.side, bare.side)
  const pairs: Pair[] = []
  for (let i = 0; i < PAIRS; i += 1) pairs.push(await comparePair(load, ours.side, bare.side))
  await Promise.all([stop(ours.child), stop(bare.child)])
  return pairs
}

async function startSide(name: string, redis: BenchRedis, { addresses, status }: Case) {
  const child = start(['bench/bare/limited.js'], {
    SIDE: name,
    REDIS_URL: redis.url,
    // For refusals, one request uses up the quota for an hour.
    LIMIT: String(status === 200 ? LIMIT : 1),
    WINDOW_SECONDS: String(status === 200 ? WINDOW_SECONDS : 3600),
  })
  const { ready: origin } = await nextMessage<{ ready: string }>(child)
  if (status === 429) await fetch(`${origin}/limited`, { headers: { 'x-forwarded-for': '10.0.0.0' } })
  const side: Side = {
    origin,
    method: 'GET',
    path: '/limited',
    clients: Array.from({ length: CLIENTS }, () => ({})),
    addresses,
    status,
    server: [Number(child.pid)],
    backends: [redis.pid],
  }
  return { child, side }
}

function report({ title, figure }: Case, pairs: readonly Pair[]): void {
  const show = (side: 'ours' | 'bare') => ({
    'server, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].serverUs))),
    'Redis, CPU µs a request': Math.round(median(pairs.map((pair) => pair[side].backendsUs))),
  })
  const total = ({ serverUs, backendsUs }: Figures) => serverUs + backendsUs
  const ratios = pairs.map(({ ours, bare }) => total(ours) / total(bare))
  console.log(`A request that is ${title}, medians of ${pairs.length} pairs in ${ROUNDS} rounds`)
  console.table({ ours: show('ours'), 'the store of the plugin': show('bare') })
  if (figure) reportFigure(figure, median(ratios))
  else console.log(`CPU a request: ${median(ratios).toFixed(2)} times`)
}
