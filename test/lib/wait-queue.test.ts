import { WaitQueue } from '../../src/lib/async/wait-queue.js'
import t from '../tap.js'

const late = () => new Error('late')

t.test('keeps the order of arrival, and gives to any waiter', async (t) => {
  const queue = new WaitQueue<string, number>()
  const results = ['a', 'b', 'c'].map((claim) => queue.wait(claim, 60_000, late))
  t.strictSame(
    [...queue].map(({ claim }) => claim),
    ['a', 'b', 'c'],
  )
  const [first, second, third] = queue
  second?.give(2)
  t.strictSame(
    [...queue].map(({ claim }) => claim),
    ['a', 'c'],
  )
  third?.give(3)
  first?.give(1)
  t.strictSame(await Promise.all(results), [1, 2, 3])
  t.equal(queue.size, 0)
})

t.test('a refused waiter gets the error, and leaves the queue', async (t) => {
  const queue = new WaitQueue<string, number>()
  const result = queue.wait('a', 60_000, late)
  const [waiter] = queue
  waiter?.refuse(new Error('refused'))
  t.equal(queue.size, 0)
  await t.rejects(result, { message: 'refused' })
})

t.test('a waiter that nothing is given to is refused after its timeout', async (t) => {
  const queue = new WaitQueue<string, number>()
  await t.rejects(queue.wait('a', 1, late), { message: 'late' })
  t.equal(queue.size, 0)
})

t.test('a waiter that was served is not counted as late', async (t) => {
  const queue = new WaitQueue<string, number>()
  let lateCount = 0
  const result = queue.wait('a', 1, () => {
    lateCount += 1
    return late()
  })
  const [waiter] = queue
  waiter?.give(1)
  t.equal(await result, 1)
  await t.rejects(queue.wait('b', 2, late), { message: 'late' })
  t.equal(lateCount, 0)
})
