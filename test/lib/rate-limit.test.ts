import { networksOf } from '../../src/lib/network/client-networks.js'
import { parseQuotas } from '../../src/rate-limit/grammar.js'
import { MemoryWindows } from '../../src/rate-limit/moving-window-in-memory.js'
import { type Policy, type Strategy, toPolicies } from '../../src/rate-limit/policies.js'
import t from '../tap.js'

const ROUTE = { method: 'POST', url: '/api/v1/auth/login' }
const WINDOW_MS = 60_000

t.test('accepts limits in the syntax of the original', async (t) => {
  t.strictSame(parseQuotas('5/minute'), [{ quota: 5, windowMs: 60_000 }])
  t.strictSame(parseQuotas('1 per 30 seconds'), [{ quota: 1, windowMs: 30_000 }])
  t.strictSame(parseQuotas('1/ 30 second'), [{ quota: 1, windowMs: 30_000 }])
  t.strictSame(parseQuotas('10/minute; 100/hour'), [
    { quota: 10, windowMs: 60_000 },
    { quota: 100, windowMs: 3_600_000 },
  ])
  t.strictSame(parseQuotas('2 PER 2 Days|1/month'), [
    { quota: 2, windowMs: 172_800_000 },
    { quota: 1, windowMs: 2_592_000_000 },
  ])
  for (const wrong of [
    '',
    'x/second',
    '5',
    '5/',
    '5/fortnight',
    '-1/minute',
    '1.5/minute',
    '5/minute;',
    '5/0 minutes',
    '0/day',
    '2/year 3',
    '5/minute; 6/60 seconds',
    '9/2 years',
    '5 perminute',
  ]) {
    t.throws(() => parseQuotas(wrong), Error, wrong)
  }
})

t.test('completes a declaration and explains a wrong one', async (t) => {
  t.match(toPolicies('5/minute', ROUTE), [
    { name: 'login', key: 'user', strategy: 'moving-window', scope: 'POST /api/v1/auth/login:login' },
  ])
  const names = toPolicies({ limit: '10/minute; 100/hour', name: 'exports' }, ROUTE).map(({ name }) => name)
  t.strictSame(names, ['exports', 'exports-2'])
  const [get, head] = ['GET', 'HEAD'].map((method) => toPolicies('5/minute', { method, url: '/x' })[0])
  t.equal(get?.scope, head?.scope)
  for (const [wrong, message] of [
    [[], /is empty/],
    [null, /not a limit/],
    [{ limit: 5 }, /limit must be a string/],
    [{ limit: '5/minute', key: 'email' }, /key must be/],
    [{ limit: '5/minute', key: 'body.a.b' }, /key must be/],
    [{ limit: '5/minute', strategy: 'gcra' }, /strategy must be one of moving-window/],
    [{ limit: '5/minute', name: 'a "b"' }, /name must consist/],
    [{ limit: '5/minute', max: 3 }, /"max" is not one of/],
  ] as const) {
    t.throws(() => toPolicies(wrong as never, ROUTE), { message }, String(message))
  }
})

t.test('counts one address as one client in any spelling, and IPv6 by its networks', async (t) => {
  for (const ipv4 of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201']) {
    t.strictSame(networksOf(ipv4), ['192.0.2.1'])
  }
  const networks = networksOf('2001:db8:1:2::1')
  t.equal(networks.length, 3)
  t.strictSame(networksOf('2001:DB8:1:2:ffff:ffff:ffff:ffff'), networks)
  const shared = (address: string) => networksOf(address).map((network, i) => network === networks[i])
  t.strictSame(shared('2001:db8:1:3::1'), [false, true, true])
  t.strictSame(shared('2001:db8:1:102::1'), [false, false, true])
  t.strictSame(shared('2001:db8:2:2::1'), [false, false, false])
  t.equal(new Set(networksOf('2001:db8::')).size, 3, 'a /64 differs from the /48 with the same prefix')
})

function windowsWith(strategy: Strategy, quota = 10) {
  let now = 1000
  const windows = new MemoryWindows(() => now)
  const [policy] = toPolicies({ limit: `${quota}/minute`, strategy }, ROUTE) as [Policy]
  return {
    windows,
    policy,
    hit: (key = 'ada') => windows.take([{ key, policy }]),
    pass: (ms: number) => {
      now += ms
    },
    now: () => now,
  }
}

/**
 * The most requests in any window: one at first, the others at the end of the window, then as many
 * as possible.
 */
function worstWindow(strategy: Strategy): number {
  const { hit, pass, now } = windowsWith(strategy)
  const allowed: number[] = []
  const hammer = (times: number) => {
    for (let i = 0; i < times; i += 1) if (hit().isAllowed) allowed.push(now())
  }
  hammer(1)
  pass(WINDOW_MS - 10)
  hammer(9)
  for (let i = 0; i < 2 * WINDOW_MS; i += 10) {
    hammer(3)
    pass(10)
  }
  return Math.max(
    ...allowed.map((start) => allowed.filter((at) => at >= start && at < start + WINDOW_MS).length),
  )
}

t.test('admits at most N in any moving window, while a fixed one admits nearly twice as many', async (t) => {
  t.equal(worstWindow('moving-window'), 10)
  t.equal(worstWindow('fixed-window'), 19)
})

t.test('admits callers that waited for Retry-After, with every strategy', async (t) => {
  for (const strategy of ['moving-window', 'fixed-window', 'fixed-window-elastic-expiry'] as const) {
    const { hit, pass } = windowsWith(strategy, 3)
    for (let i = 0; i < 50; i += 1) {
      const { isAllowed, waitMs, states } = hit()
      t.equal(isAllowed, waitMs === 0)
      t.ok((states[0]?.remaining ?? -1) >= 0)
      pass(isAllowed ? 7_001 : waitMs)
      if (!isAllowed) t.ok(hit().isAllowed, strategy)
    }
  }
})

t.test('an elastic window restarts with each request that it refuses', async (t) => {
  const { hit, pass } = windowsWith('fixed-window-elastic-expiry', 1)
  hit()
  pass(WINDOW_MS - 1)
  t.match(hit(), { isAllowed: false, waitMs: WINDOW_MS })
  pass(WINDOW_MS - 1)
  t.match(hit(), { isAllowed: false })
  pass(WINDOW_MS)
  t.match(hit(), { isAllowed: true })
})

t.test('a request that one limit refuses counts at none', async (t) => {
  let now = 0
  const windows = new MemoryWindows(() => now)
  const [short, long] = toPolicies('1/minute; 3/hour', ROUTE) as [Policy, Policy]
  const hit = () => windows.take([short, long].map((policy) => ({ key: policy.name, policy })))
  t.match(hit(), { isAllowed: true, states: [{ remaining: 0 }, { remaining: 2 }] })
  for (let i = 0; i < 5; i += 1)
    t.match(hit(), { isAllowed: false, states: [{}, { remaining: 2 }], waitMs: WINDOW_MS })
  now += WINDOW_MS
  t.match(hit(), { isAllowed: true, states: [{ remaining: 0 }, { remaining: 1 }] })
})

t.test('bounds its memory: removes expired entries, then the least recently used', async (t) => {
  let now = 0
  const windows = new MemoryWindows(() => now, 100)
  const [policy] = toPolicies('5/minute', ROUTE) as [Policy]
  for (let i = 0; i < 1000; i += 1) windows.take([{ key: `${i}`, policy }])
  t.equal(windows.size, 100)
  now += WINDOW_MS
  windows.take([{ key: 'last', policy }])
  t.equal(windows.size, 1)
})
