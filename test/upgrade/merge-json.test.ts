import { mergeJson } from '../../scripts/upgrade/merge-json.js'
import t from '../tap.js'

t.test('takes what either side adds, changes and removes', async (t) => {
  const base = { name: 'a', scripts: { dev: 'x', old: 'y', test: 'z' }, count: 1 }
  const ours = { name: 'b', scripts: { dev: 'x', mine: 'm', old: 'y', test: 'z' }, count: 1 }
  const theirs = { name: 'a', scripts: { dev: 'X', test: 'z', new: 'n' }, count: 2 }
  const { value, conflicts } = mergeJson<object>(base, ours, theirs)
  t.strictSame(value, { name: 'b', scripts: { dev: 'X', mine: 'm', test: 'z', new: 'n' }, count: 2 })
  t.strictSame(conflicts, [])
})

t.test('keeps sorted keys sorted, and puts others behind what they follow', async (t) => {
  const merged = (base: object, ours: object, theirs: object) =>
    JSON.stringify(mergeJson(base, ours, theirs).value)
  t.equal(merged({ a: 1, d: 1 }, { a: 1, c: 1, d: 1 }, { a: 1, b: 1, d: 1 }), '{"a":1,"b":1,"c":1,"d":1}')
  t.equal(merged({ b: 1, a: 1 }, { b: 1, a: 1, z: 1 }, { b: 1, c: 1, a: 1 }), '{"b":1,"c":1,"a":1,"z":1}')
})

t.test('merges lists as sets', async (t) => {
  const { value } = mergeJson({ list: ['a', 'b'] }, { list: ['a', 'b', 'c'] }, { list: ['b', 'd'] })
  t.strictSame(value, { list: ['b', 'c', 'd'] })
})

t.test('keeps ours where both changed a value, and reports it', async (t) => {
  const { value, conflicts } = mergeJson<object>(
    { a: { b: 1, same: 1 }, gone: { x: 1 } },
    { a: { b: 2, same: 2 } },
    { a: { b: 3, same: 2 }, gone: { x: 2 } },
  )
  t.strictSame(value, { a: { b: 2, same: 2 } })
  t.strictSame(conflicts, [
    { path: 'a.b', ours: 2, theirs: 3 },
    { path: 'gone', ours: undefined, theirs: { x: 2 } },
  ])
})
