import { isSecretName, REDACTED, redact, redactText } from '../../src/lib/audit/redact.js'
import { generateToken } from '../../src/lib/auth/opaque-tokens.js'
import { isEmail } from '../../src/lib/schema/email.js'
import t from '../tap.js'

const TOKEN = generateToken()

t.test('recognizes secrets by whole words of a name, in every spelling', async (t) => {
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

t.test('a copy of a body keeps its shape, without secrets and within bounds', async (t) => {
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
  t.strictSame(original, { password: 'x', list: [{ token: 'y' }] }, 'the request itself is unchanged')

  t.equal(
    JSON.stringify(redact(JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`))),
    '[[[[[[[["[truncated]"]]]]]]]]',
  )
  t.equal((redact(Array(5000).fill(1)) as unknown[]).length, 200)
  t.ok(JSON.stringify(redact({ big: 'x'.repeat(1e6), more: 'y'.repeat(1e6) })).length < 10_000)
  t.match(redact({ big: 'x'.repeat(9000), secret: 'after the end' }), {
    big: /x\[truncated\]$/,
    '[truncated]': '[truncated]',
  })
  const numbers = Array(200).fill(Array(200).fill(123456))
  t.ok(JSON.stringify(redact(numbers)).length < 12_000, 'numbers count towards the limit')
  t.ok(Buffer.byteLength(JSON.stringify(redact({ a: '密'.repeat(9000), b: 1 }, 1000))) < 1_100)
  const secret = `${'x '.repeat(4_090)}${TOKEN}`
  t.notMatch(redact(secret), TOKEN.slice(0, 8), 'shows no half of a token at the cut')
  t.strictSame(redact({ 'a\0b': 'c\0d', lone: 'x\uD800y\uDC00' }), {
    'a\uFFFDb': 'c\uFFFDd',
    lone: 'x\uFFFDy\uFFFD',
  })
  const cut = redact('😀'.repeat(5000)) as string
  t.ok(cut.isWellFormed(), 'cuts no character in two')
  const polluted = redact(JSON.parse('{"__proto__": {"isAdmin": true}}')) as object
  t.notOk((polluted as { isAdmin?: boolean }).isAdmin)
})

t.test('removes secrets of URLs and our tokens from texts', async (t) => {
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
    [`/invitations/${TOKEN}/accept`, '/invitations/[redacted]/accept'],
    [`/x?ref=${TOKEN}&page=2`, '/x?ref=[redacted]&page=2'],
    [`/x?${TOKEN}`, '/x?[redacted]'],
    [`id ${TOKEN}, "${TOKEN}"`, 'id [redacted], "[redacted]"'],
    [`/x/%${TOKEN.charCodeAt(0).toString(16)}${TOKEN.slice(1)}`, '/x/[redacted]'],
    [`/x/${once(once(`a ${TOKEN}`))}/y`, '/x/[redacted]/y'],
    [`/x/${jwt.replaceAll('.', '%2E')}`, '/x/[redacted]'],
    [`/x?next=https://y/?token=abc`, '/x?next=[redacted]'],
    [`/x?a=${[1, 2, 3, 4, 5, 6].reduce((url) => `?next=${once(url)}`, '?token=abc')}`, '/x?a=[redacted]'],
    ['/x/50%25/d%C3%A9sol%C3%A9', '/x/50%25/d%C3%A9sol%C3%A9'],
    [`/x/${'a-very-long-name-'.repeat(4)}`, `/x/${'a-very-long-name-'.repeat(4)}`],
    [`/x/${'a'.repeat(43)}`, `/x/${'a'.repeat(43)}`],
    [`/x/${TOKEN}A`, `/x/${TOKEN}A`],
    ['\0', '\uFFFD'],
  ]
  for (const [text, expected] of cases) t.equal(redactText(text), expected)
  t.strictSame(redact({ referer: 'https://x.example/?token=abc', '//ada:x@host': 'kept', cookie: 'a=b' }), {
    referer: 'https://x.example/?token=[redacted]',
    '//[redacted]@host': 'kept',
    cookie: REDACTED,
  })
})

t.test('takes time linear in the length of a text', async (t) => {
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
    '?a=',
    'aB-',
    '%41',
    '%2541/',
    `${TOKEN.slice(1)}.`,
  ].map(repeat)
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
  for (const text of emails) isEmail(text)
  const { user } = process.cpuUsage(startedAt)
  // Quadratic time would take minutes here, linear time takes milliseconds.
  t.ok(user < 5_000_000, `${Math.round(user / 1000)} ms`)
})
