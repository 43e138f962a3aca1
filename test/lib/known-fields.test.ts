import { maskRefusedValues, maskUnknownFields, maskUnknownQuery } from '../../src/lib/audit/known-fields.js'
import t from '../tap.js'

const R = '[redacted]'
const person = { properties: { name: {}, address: { properties: { city: {} } }, tags: { items: {} } } }

t.test('keeps the fields that a schema knows, at every depth', async (t) => {
  const body = { name: 'Ada', address: { city: 'London' }, tags: ['a', 'b'] }
  t.strictSame(maskUnknownFields(body, person), body)
  for (const free of [{ any: { thing: 1 } }, 'text', 7, [1, 2]])
    t.strictSame(maskUnknownFields(free, {}), free)
  for (const nothing of [undefined, null]) t.equal(maskUnknownFields(nothing, undefined), nothing)
})

t.test('replaces unknown fields of any type', async (t) => {
  t.strictSame(
    maskUnknownFields(
      { name: 'Ada', pasword: 'hunter2', address: { city: 'London', pin: 1 }, x: { y: [1] } },
      person,
    ),
    { name: 'Ada', pasword: R, address: { city: 'London', pin: R }, x: R },
  )
  t.strictSame(maskUnknownFields(['hunter2'], { items: person }), [R])
  for (const body of ['hunter2', 7]) {
    t.equal(maskUnknownFields(body, person), R, 'replaces a value where an object is expected')
    t.equal(maskUnknownFields(body, undefined), R, 'replaces a value where none is expected')
  }
  const odd = maskUnknownFields(JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}'), person)
  t.strictSame(Object.values(odd as object), [R, R, R])
})

t.test('drops the query of a URL with an unknown parameter', async (t) => {
  const schema = { properties: { q: {} } }
  t.equal(maskUnknownQuery('/users?q=ada', { q: 'ada' }, schema), '/users?q=ada')
  t.equal(maskUnknownQuery('/users', {}, undefined), '/users')
  t.equal(maskUnknownQuery('/users?q=ada&key=hunter2', { q: 'ada', key: 'hunter2' }, schema), `/users?${R}`)
  t.equal(maskUnknownQuery('/me?key=hunter2', { key: 'hunter2' }, undefined), `/me?${R}`)
})

t.test('replaces values that the schema refuses and keeps valid ones beside them', async (t) => {
  const body = { email: 'hunter2', name: 'Ada', 'a/b~c': ['x', 'hunter2'], nested: { deep: 'hunter2' } }
  const failures = [
    { instancePath: '', keyword: 'required' },
    { instancePath: '/email', keyword: 'pattern' },
    { instancePath: '/a~1b~0c/1', keyword: 'maxLength' },
    { instancePath: '/nested', keyword: 'type' },
  ]
  t.strictSame(maskRefusedValues(body, failures), { email: R, name: 'Ada', 'a/b~c': ['x', R], nested: R })
  t.equal(maskRefusedValues('hunter2', [{ instancePath: '', keyword: 'type' }]), R)
  t.equal(maskRefusedValues(['hunter2'], [{ instancePath: '', keyword: 'type' }]), R)
  t.equal(maskRefusedValues(body, []), body)
})
