import { requestIdOf } from '../../src/lib/http/request-id.js'
import { isAsciiEmail, isEmail, normalizeEmail } from '../../src/lib/schema/email.js'
import { decodeCursor, encodeCursor } from '../../src/lib/schema/pagination.js'
import { Nullable, StrictObject, Uuid } from '../../src/lib/schema/schemas.js'
import Type from '../../src/lib/schema/type.js'
import { buildValidator } from '../../src/lib/schema/validation.js'
import t from '../tap.js'

t.test('accepts only addresses that a mail header can hold, and compares them without case', async (t) => {
  const good = [
    'a@b.co',
    "o'brien+x@mail.example.com",
    'A_b.c-d@x-y.example',
    '!#$%&*/=?^`{|}~@example.com',
    `${'a'.repeat(64)}@example.com`,
    'a@1.example',
    'a@xn--bcher-kva.example',
    'a@bücher.example',
    'a@例え.jp',
    'a@ｅｘａｍｐｌｅ．com',
  ]
  const bad = [
    '',
    'a',
    'a@',
    '@b.co',
    'a@b',
    'a@b.c',
    'a b@c.de',
    'a@b.co ',
    ' a@b.co',
    'a@b.co\n',
    'a@b.co\r\nBcc: x@y.zz',
    'a@b.co,c@d.ee',
    'a,b@c.de',
    '"a b"@c.de',
    '<a@b.co>',
    'a@b.co.',
    'a@.co',
    'a..b@c.de',
    '.a@b.co',
    'a.@b.co',
    'a@-b.co',
    'a@b-.co',
    'a@b_c.de',
    'é@b.co',
    'а@b.co',
    'a@b@c.de',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    `${'a'.repeat(65)}@example.com`,
    'a\0@b.co',
    'a@b.co\0',
    'a(x)@b.co',
    'a:b@c.de',
  ]
  for (const address of good) {
    t.ok(isEmail(address), address)
    t.ok(isAsciiEmail(normalizeEmail(address)), address)
  }
  for (const address of [...bad, 'a@%6d.é.co', 'a@é_.co', 'a@b.é co', `a@${'é.'.repeat(126)}de`])
    t.notOk(isEmail(address), JSON.stringify(address))
  for (const spelling of [
    'user@münchen.de',
    'USER@MÜNCHEN.de',
    'user@mu\u0308nchen.de',
    'user@xn--mnchen-3ya.de',
  ])
    t.equal(normalizeEmail(spelling), 'user@xn--mnchen-3ya.de', spelling)
  t.equal(normalizeEmail('ADA@Example.COM'), 'ada@example.com')
  t.equal(normalizeEmail('I@x.example'), 'i@x.example', 'ignores the locale')
})

t.test('an id is lower case before a handler sees it, wherever it occurs', async (t) => {
  const id = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'
  const nested = StrictObject({ id: Uuid, none: Nullable(Uuid) })
  const schema = StrictObject({ id: Uuid, list: Type.Array(Uuid), nested, text: Type.String() })
  const bodyWith = (value: string) => ({
    id: value,
    list: [value],
    nested: { id: value, none: null },
    text: id.toUpperCase(),
  })
  for (const httpPart of ['body', 'params', 'querystring']) {
    const validate = buildValidator({}, {})({ schema, httpPart } as never)
    const value = bodyWith(id.toUpperCase())
    t.equal(validate(value), true)
    t.strictSame(value, bodyWith(id), httpPart)
    t.equal(validate(bodyWith('x')), false)
    t.match(validate.errors, [{ message: 'must be a UUID' }, {}, {}])
  }
})

t.test('accepts only cursors of the same list and order', async (t) => {
  const id = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'
  for (const value of ['ada@example.com', '', 'Žofie 😀', '"quoted" \\', '2026-01-02T03:04:05.678Z']) {
    const cursor = encodeCursor({ sort: '-email', value, id })
    t.match(cursor, /^[A-Za-z0-9_-]+$/)
    t.strictSame(decodeCursor(cursor, '-email'), { sort: '-email', value, id, isCut: false })
    t.throws(
      () => decodeCursor(cursor, 'email'),
      { code: 'INVALID_CURSOR' },
      'refuses the cursor of the reverse order',
    )
  }
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forged = [
    '',
    'x',
    '!!!!',
    encode(null),
    encode(1),
    encode('text'),
    encode({ sort: '-email', value: 'x', id }),
    encode([]),
    encode(['-email', 'x']),
    encode(['-email', 1, id]),
    encode(['-email', null, id]),
    encode(['-email', ['x'], id]),
    encode(['-email', 'x', 'no-uuid']),
    encode(['-email', 'x', id, 'true']),
    encode(['-email', 'x', `${id}' or 1=1`]),
    encode(['-email', 'nul \0', id]),
    encode(['email', 'x', id]),
    Buffer.from([0xff, 0xfe]).toString('base64url'),
  ]
  for (const cursor of forged)
    t.throws(() => decodeCursor(cursor, '-email'), { code: 'INVALID_CURSOR', statusCode: 400 }, cursor)
})

t.test("keeps the caller's request id only when it is safe everywhere", async (t) => {
  const idOf = (value?: unknown) =>
    requestIdOf({ headers: { 'x-request-id': value } as Record<string, string> })
  const uuid = 'f47ac10b-58cc-4372-a567-0e02b2c3d479'
  for (const id of ['a', 'A-b_9', uuid, 'x'.repeat(64)]) t.equal(idOf(id), id)
  const replaced = [
    undefined,
    '',
    'x'.repeat(65),
    'a b',
    'a\n',
    'a\r\nX: y',
    'é',
    'a,b',
    `{"a":1}`,
    '\u001b[31m',
    ['a', 'b'],
    '../x',
    'a%0a',
  ]
  const fresh = replaced.map(idOf)
  for (const id of fresh) t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  t.equal(new Set(fresh).size, fresh.length)
})
