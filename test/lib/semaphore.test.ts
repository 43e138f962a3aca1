import { type Caller, Semaphore, type SemaphoreOptions } from '../../src/lib/async/semaphore.js'
import t from '../tap.js'

/** A job that ends on `end()` or fails on `fail()`. */
function job(name: string, log: string[]) {
  let end: (failure?: Error) => void = () => {}
  const ended = new Promise<string>((resolve, reject) => {
    end = (failure) => (failure ? reject(failure) : resolve(name))
  })
  ended.catch(() => {})
  const work = () => {
    log.push(name)
    return ended
  }
  return { work, end: () => end(), fail: () => end(new Error(name)) }
}

function runnerOf(options: SemaphoreOptions) {
  const semaphore = new Semaphore(options)
  return <T>(work: () => Promise<T>, caller?: Caller) => semaphore.run(work, caller)
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

t.test('runs a fixed number of jobs at once and the others in order of arrival', async (t) => {
  const run = runnerOf({ slots: 2, maxWaiting: 10, maxWaitMs: 60_000 })
  const log: string[] = []
  const jobs = ['a', 'b', 'c', 'd', 'e'].map((name) => job(name, log))
  const [a, b, c] = jobs
  const results = jobs.map(({ work }) => run(work))
  await settled()
  t.strictSame(log, ['a', 'b'])
  b?.end()
  t.equal(await results[1], 'b')
  await settled()
  t.strictSame(log, ['a', 'b', 'c'])
  a?.end()
  c?.end()
  await settled()
  t.strictSame(log, ['a', 'b', 'c', 'd', 'e'])
  for (const { end } of jobs) end()
  t.strictSame(await Promise.all(results), ['a', 'b', 'c', 'd', 'e'])
})

t.test('a job that fails, synchronously or later, frees its slot', async (t) => {
  const run = runnerOf({ slots: 1, maxWaiting: 10, maxWaitMs: 60_000 })
  const failing = job('failing', [])
  const results = [
    run(failing.work),
    run(() => {
      throw new Error('at once')
    }),
    run(async () => 'last'),
  ]
  failing.fail()
  await t.rejects(results[0] as Promise<unknown>, { message: 'failing' })
  await t.rejects(results[1] as Promise<unknown>, { message: 'at once' })
  t.equal(await results[2], 'last')
})

t.test(
  'refuses jobs at once while the queue is full, and accepts them when there is room again',
  async (t) => {
    const run = runnerOf({ slots: 1, maxWaiting: 2, maxWaitMs: 60_000 })
    const log: string[] = []
    const [first, ...others] = [job('first', log), job('second', log), job('third', log)] as const
    const late = job('late', log)
    const results = [first, ...others].map(({ work }) => run(work))
    await t.rejects(run(late.work), { statusCode: 503, code: 'SERVICE_UNAVAILABLE' })
    first.end()
    await results[0]
    results.push(run(late.work))
    for (const { end } of [...others, late]) end()
    await Promise.all(results)
    t.strictSame(log, ['first', 'second', 'third', 'late'])
  },
)

t.test('a newcomer does not take the slot of a waiting job', async (t) => {
  const run = runnerOf({ slots: 1, maxWaiting: 10, maxWaitMs: 60_000 })
  const log: string[] = []
  const first = job('first', log)
  const done = run(first.work)
  const waiting = run(async () => log.push('waiting'))
  first.end()
  // Runs at the moment when the first job ends.
  const late = done.then(() => run(async () => log.push('late')))
  await Promise.all([waiting, late])
  t.strictSame(log, ['first', 'waiting', 'late'])
})

/**
 * Lets callers wait for a single slot that is taken. `before` are callers that used it earlier,
 * `finish` returns the order in which the waiting ones got it.
 */
async function queue(callers: Caller[], { maxWaiting = 10, before = [] as Caller[] } = {}) {
  let now = 0
  const run = runnerOf({ slots: 1, maxWaiting, maxWaitMs: 60_000, now: () => now })
  for (const caller of before) await run(async () => undefined, caller)
  const log: string[] = []
  const first = job('first', [])
  const running = run(first.work)
  const refused: number[] = []
  const results = callers.map((caller, i) =>
    run(async () => log.push(`${i}`), caller).catch(() => refused.push(i)),
  )
  await settled()
  const refusedAtOnce = [...refused]
  const finish = async () => {
    first.end()
    await Promise.all([running, ...results])
    return log.map(Number)
  }
  return {
    refusedAtOnce,
    finish,
    pass: (ms: number) => {
      now += ms
    },
  }
}

const stranger = (...shares: string[]): Caller => ({ isKnown: false, shares })
const known = (...shares: string[]): Caller => ({ isKnown: true, shares })

t.test('callers from other networks go before a flood, and its networks take turns', async (t) => {
  const flood = Array.from({ length: 4 }, () => stranger('flood'))
  const { finish } = await queue([...flood, stranger('a'), stranger('b'), stranger('a')])
  t.strictSame(await finish(), [0, 4, 5, 1, 6, 2, 3])
})

t.test('a flood that changes its addresses shares the turns of the surrounding network', async (t) => {
  const before = Array.from({ length: 20 }, (_, i) => stranger(`flood/64-${i}`, 'flood/48'))
  const waiting = [stranger('flood/64-new', 'flood/48'), stranger('owner/64', 'owner/48')]
  t.strictSame(await (await queue(waiting, { before })).finish(), [1, 0])
  const neighbour = stranger('owner/64', 'flood/48')
  const again = [stranger('flood/64-1', 'flood/48'), neighbour]
  t.strictSame(await (await queue(again, { before })).finish(), [1, 0])
})

t.test('known callers go first and leave every fourth turn to the others', async (t) => {
  const flood = Array.from({ length: 3 }, (_, i) => stranger(`${i}`))
  const { finish } = await queue([...flood, known('a'), known('b'), known('c'), known('d'), known('a')])
  t.strictSame(await finish(), [3, 4, 5, 0, 6, 7, 1, 2])
})

t.test('a full queue drops the flood first and never refuses a known caller for it', async (t) => {
  const flood = Array.from({ length: 3 }, () => stranger('flood'))
  const before = [stranger('flood')]
  const callers = [...flood, stranger('owner'), known('a'), stranger('flood')]
  const { refusedAtOnce, finish } = await queue(callers, { maxWaiting: 3, before })
  t.strictSame(refusedAtOnce.sort(), [1, 2, 5])
  t.strictSame(await finish(), [4, 3, 0])
})

t.test("forgets a caller's usage after two minutes", async (t) => {
  const before = [stranger('a')]
  const callers = [stranger('a'), stranger('b')]
  t.strictSame(await (await queue(callers, { before })).finish(), [1, 0])
  const later = await queue(callers, { before })
  later.pass(120_000)
  t.strictSame(await later.finish(), [0, 1])
})
