import t from 'tap'
import { EMAIL_PATTERN, normalizeEmail } from '../src/lib/email.js'
import { decodeCursor, encodeCursor } from '../src/lib/pagination.js'
import { isSecretName, REDACTED, redact, redactText } from '../src/lib/redact.js'
import { requestIdOf } from '../src/lib/request-id.js'

t.test('whole words make a name a secret, however they are written', async (t) => {
  const secret = [
    'password',
    'PASSWORD',
    'Password1',
    'newPassword',
    'new_password_confirmation',
    'newpassword',
    'passwordhash',
    'user[password]',
    'user.password',
    'password ',
    'pwd',
    'pass',
    'passphrase',
    'token',
    'accessToken',
    'access_token2',
    'refreshtokens',
    'JWTToken',
    'X-Auth-Token',
    'x-csrf-token',
    'tokenHash',
    'secret',
    'clientSecret',
    'clientsecret',
    'api-key',
    'apiKey',
    'APIKey',
    'x-api-keys',
    'private_key',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'Set-Cookie',
    'salt',
    'pin',
    'otp',
    'totp',
    'cvc',
    'signature',
    'credentials',
    'jwt',
  ]
  const harmless = [
    '',
    'passenger',
    'compass',
    'bypass_at',
    'secretary',
    'tokenizer',
    'keyboard',
    'key',
    'publicKey',
    'hashtag',
    'rehashed',
    'pinned',
    'spin',
    'author',
    'authorized_at',
    'email',
    'sessionId',
    'désolé',
    '密码',
  ]
  for (const name of secret) t.equal(isSecretName(name), true, name)
  for (const name of harmless) t.equal(isSecretName(name), false, name)
})

t.test('a copy of a body has its shape, without secrets, and within bounds', async (t) => {
  t.strictSame(
    redact({
      email: 'a@example.com',
      password: ['x'],
      deep: [{ apiKey: { a: 1 } }, null, 0, false, ''],
      token: null,
    }),
    {
      email: 'a@example.com',
      password: REDACTED,
      deep: [{ apiKey: REDACTED }, null, 0, false, ''],
      token: REDACTED,
    },
  )
  t.strictSame([redact(undefined), redact(null), redact('text'), redact(1.5)], [null, null, 'text', 1.5])
  const original = { password: 'x', list: [{ token: 'y' }] }
  redact(original)
  t.strictSame(original, { password: 'x', list: [{ token: 'y' }] }, 'the request itself is left as it is')

  t.equal(
    JSON.stringify(redact(JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`))),
    '[[[[[[[["[truncated]"]]]]]]]]',
  )
  t.equal((redact(Array(5000).fill(1)) as unknown[]).length, 200)
  t.ok(JSON.stringify(redact({ big: 'x'.repeat(1e6), more: 'y'.repeat(1e6) })).length < 10_000)
  t.match(redact({ big: 'x'.repeat(9000), secret: 'after the end' }), {
    big: /x\[truncated\]$/,
    '[truncated]': REDACTED,
  })
  t.strictSame(redact({ 'a\0b': 'c\0d', lone: 'x\uD800y\uDC00' }), {
    'a\uFFFDb': 'c\uFFFDd',
    lone: 'x\uFFFDy\uFFFD',
  })
  const cut = redact('😀'.repeat(5000)) as string
  t.ok(cut.isWellFormed(), 'no character is cut in two')
  const polluted = redact(JSON.parse('{"__proto__": {"isAdmin": true}}')) as object
  t.notOk((polluted as { isAdmin?: boolean }).isAdmin)
})

t.test('a text shows no secret of a URL, nor a token of ours', async (t) => {
  const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'
  const once = (inner: string) => encodeURIComponent(inner)
  const cases: [string, string][] = [
    ['/reset-password?token=abc', '/reset-password?token=[redacted]'],
    ['/x?a=1&token=abc&b=2#access_token=abc', '/x?a=1&token=[redacted]&b=2#access_token=[redacted]'],
    ['/x?%74oken=abc', '/x?%74oken=[redacted]'],
    ['/x?token[]=abc&tokens=abc;password=abc', '/x?token[]=[redacted]&tokens=[redacted];password=[redacted]'],
    ['/x??token=abc', '/x??token=[redacted]'],
    ['/x?token=', '/x?token=[redacted]'],
    ['/x?token=abc=def', '/x?token=[redacted]'],
    ['/x?bad%zz=1&token=%zz', '/x?bad%zz=1&token=[redacted]'],
    [`/x?next=${once('/y?token=abc')}`, '/x?next=[redacted]'],
    [`/x?next=${once(`/y?next=${once('/z?token=abc')}`)}`, '/x?next=[redacted]'],
    [`/x?next=${once('/y?page=2')}`, `/x?next=${once('/y?page=2')}`],
    [`/x?q=${jwt}`, '/x?q=[redacted]'],
    [`token was ${jwt}, they say`, 'token was [redacted], they say'],
    ['https://ada:hunter2@example.com/a@b', 'https://[redacted]@example.com/a@b'],
    ['/x?q=a+b&page=2#part', '/x?q=a+b&page=2#part'],
    ['/users?q=ada@example.com&cursor=eyJzb3J0', '/users?q=ada@example.com&cursor=eyJzb3J0'],
    ['1 = 1; x == y', '1 = 1; x == y'],
    ['\0', '\uFFFD'],
  ]
  for (const [text, expected] of cases) t.equal(redactText(text), expected)
  t.strictSame(redact({ referer: 'https://x.example/?token=abc', '//ada:x@host': 'kept', cookie: 'a=b' }), {
    referer: 'https://x.example/?token=[redacted]',
    '//[redacted]@host': 'kept',
    cookie: REDACTED,
  })
})

t.test('no text takes longer than its length allows', async (t) => {
  const size = 50_000
  const repeat = (part: string) => part.repeat(size / part.length)
  const texts = [
    '?',
    '?a',
    '?a=',
    '&',
    ';=',
    '%25',
    '//',
    '//a',
    'eyJ',
    '.eyJa',
    'eyJ.',
    '@',
    'aA',
    'A',
    '?a=%3Fa%3D',
  ].map(repeat)
  const email = new RegExp(EMAIL_PATTERN, 'u')
  const emails = ['a', 'a.', '.a', 'a@', 'a@a.', 'a-'].flatMap((part) => [
    repeat(part),
    `a@${repeat(part)}`,
    `${repeat(part)}@a`,
  ])
  const startedAt = process.cpuUsage()
  for (const text of texts) {
    redactText(text)
    isSecretName(text)
    redact({ [text]: text })
  }
  for (const text of emails) email.test(text)
  const { user } = process.cpuUsage(startedAt)
  // What takes quadratic time takes minutes here, and what is linear takes milliseconds.
  t.ok(user < 5_000_000, `${Math.round(user / 1000)} ms`)
})

t.test('an address is one that a mail header can hold, compared without case', async (t) => {
  const pattern = new RegExp(EMAIL_PATTERN, 'u')
  const good = [
    'a@b.co',
    "o'brien+x@mail.example.com",
    'A_b.c-d@x-y.example',
    '!#$%&*/=?^`{|}~@example.com',
    `${'a'.repeat(64)}@example.com`,
    'a@1.example',
    'a@xn--bcher-kva.example',
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
    'a@é.co',
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
  for (const address of good) t.ok(pattern.test(address), address)
  for (const address of bad) t.notOk(pattern.test(address), JSON.stringify(address))
  t.equal(normalizeEmail('ADA@Example.COM'), 'ada@example.com')
  t.equal(normalizeEmail('I@x.example'), 'i@x.example', 'in every locale')
})

t.test('a cursor is read only as what this order gave', async (t) => {
  const id = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'
  for (const value of ['ada@example.com', '', 'Žofie 😀', '"quoted" \\', '2026-01-02T03:04:05.678Z']) {
    const cursor = encodeCursor({ sort: '-email', value, id })
    t.match(cursor, /^[A-Za-z0-9_-]+$/)
    t.strictSame(decodeCursor(cursor, '-email'), { sort: '-email', value, id })
    t.throws(() => decodeCursor(cursor, 'email'), { code: 'INVALID_CURSOR' }, 'not upside down')
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
    encode(['-email', 'x', id.toUpperCase()]),
    encode(['-email', 'x', `${id}' or 1=1`]),
    encode(['-email', 'nul \0', id]),
    encode(['email', 'x', id]),
    Buffer.from([0xff, 0xfe]).toString('base64url'),
  ]
  for (const cursor of forged)
    t.throws(() => decodeCursor(cursor, '-email'), { code: 'INVALID_CURSOR', statusCode: 400 }, cursor)
})

t.test('a request id of the caller is kept only when it is safe everywhere', async (t) => {
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
