import { Batcher } from '../../src/lib/async/batcher.js'
import t from '../tap.js'

/** A batcher with a store that can be made to fail or to wait. */
function openStore() {
  const batches: number[][] = []
  const errors: number[] = []
  const lost: number[] = []
  const store = { isDown: false, gate: Promise.resolve() }
  const batcher = new Batcher<number>({
    write: async (items) => {
      await store.gate
      if (store.isDown) throw new Error('down')
      batches.push([...items])
    },
    delayMs: 60_000,
    batchSize: 3,
    batchBytes: 2_000,
    retryMs: 60_000,
    maxWaiting: 5,
    maxWaitingBytes: 1_000,
    bytesOf: (item) => item,
    onError: (_error, waiting) => errors.push(waiting),
    onLost: (items) => lost.push(...items),
  })
  return { store, batcher, batches, errors, lost }
}

t.test('writes items once, in order and in batches, however often it is flushed', async (t) => {
  const { batcher, batches } = openStore()
  for (let i = 0; i < 5; i += 1) batcher.add(i)
  await Promise.all([batcher.flush(), batcher.flush()])
  await batcher.close()
  t.strictSame(batches, [
    [0, 1, 2],
    [3, 4],
  ])
})

t.test('writes items that arrive during a write after it', async (t) => {
  const { store, batcher, batches } = openStore()
  let open = () => {}
  store.gate = new Promise((resolve) => {
    open = resolve
  })
  batcher.add(1)
  const flushed = batcher.flush()
  batcher.add(2)
  open()
  await flushed
  t.strictSame(batches, [[1], [2]])
})

t.test('keeps items of a failed write and writes them later', async (t) => {
  const { store, batcher, batches, errors, lost } = openStore()
  store.isDown = true
  batcher.add(1)
  await batcher.flush()
  batcher.add(2)
  await batcher.flush()
  t.strictSame({ batches, errors }, { batches: [], errors: [1, 2] })
  store.isDown = false
  await batcher.flush()
  t.strictSame({ batches, lost }, { batches: [[1, 2]], lost: [] })
})

t.test('drops the oldest items beyond its limit and reports how many', async (t) => {
  const { store, batcher, batches, lost } = openStore()
  store.isDown = true
  for (let i = 0; i < 8; i += 1) batcher.add(i)
  await batcher.flush()
  t.strictSame(lost, [0, 1, 2])
  store.isDown = false
  await batcher.flush()
  t.strictSame(batches, [
    [3, 4, 5],
    [6, 7],
  ])
})

t.test('drops as many items as the limit of bytes requires', async (t) => {
  const { store, batcher, batches, lost } = openStore()
  store.isDown = true
  for (const bytes of [400, 500, 90, 600]) batcher.add(bytes)
  t.strictSame(lost, [400, 500])
  batcher.add(1_001)
  t.strictSame(lost, [400, 500, 90, 600, 1_001])
  store.isDown = false
  for (const bytes of [500, 400]) batcher.add(bytes)
  await batcher.flush()
  for (const bytes of [700, 300]) batcher.add(bytes)
  await batcher.flush()
  t.strictSame(batches, [
    [500, 400],
    [700, 300],
  ])
})

t.test('drops unwritable items at the end instead of waiting', async (t) => {
  const { store, batcher, lost } = openStore()
  store.isDown = true
  batcher.add(1)
  await batcher.close()
  t.strictSame(lost, [1])
})
