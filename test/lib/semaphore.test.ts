import t from 'tap'
import { createSemaphore } from '../../src/lib/semaphore.js'

/** A job that ends when it is told to. */
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

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

t.test('so many jobs run at once, the others wait in the order in which they came', async (t) => {
  const { run } = createSemaphore({ slots: 2, maxWaiting: 10, maxWaitMs: 60_000 })
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

t.test('a job that fails, at once or later, gives its slot back', async (t) => {
  const { run } = createSemaphore({ slots: 1, maxWaiting: 10, maxWaitMs: 60_000 })
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

t.test('who finds the queue full is turned away at once, and welcome when there is room again', async (t) => {
  const { run } = createSemaphore({ slots: 1, maxWaiting: 2, maxWaitMs: 60_000 })
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
})

t.test('nobody who comes in between takes the slot of who waits', async (t) => {
  const { run } = createSemaphore({ slots: 1, maxWaiting: 10, maxWaitMs: 60_000 })
  const log: string[] = []
  const first = job('first', log)
  const done = run(first.work)
  const waiting = run(async () => log.push('waiting'))
  first.end()
  // Resumes in the very moment in which the first job ends.
  const late = done.then(() => run(async () => log.push('late')))
  await Promise.all([waiting, late])
  t.strictSame(log, ['first', 'waiting', 'late'])
})
