import { gzipSync } from 'node:zlib'
import { buildTestApp } from '../helpers/app.js'
import { type Operation, operationsOf } from '../helpers/operations.js'
import { findMistake } from '../helpers/problems.js'
import { exchange } from '../helpers/socket.js'
import t from '../tap.js'

const { app, signUp } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin' })

const writing = operationsOf(app).filter(({ method }) => method !== 'GET')

type Message = { payload: string | Buffer; type?: string; headers?: Record<string, string> }

const send = ({ method, url }: Operation, { payload, type = 'application/json', headers }: Message) =>
  admin.request({ method, url, payload, headers: { 'content-type': type, ...headers } })

const MALFORMED = {
  cut: '{"email":"ada@example.com"',
  tail: '{} {}',
  'single quotes': "{'email':'ada@example.com'}",
  'half a word': 'nul',
  'not a number': '{"email":NaN}',
  comment: '{/* */}',
  'byte order mark inside': '{\uFEFF}',
  'not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  'a name twice': '{"email":"a","email":"b"}',
  'a name twice, once escaped': '{"email":"a","\\u0065mail":"b"}',
  'a name twice, deep': '{"a":[{"b":{"c":1,"d":2,"c":3}}]}',
  prototype: '{"__proto__":{"polluted":true}}',
  'prototype, deep': '{"a":[{"__proto__":{"polluted":true}}]}',
  constructor: '{"constructor":{"prototype":{"polluted":true}}}',
}

t.test('refuses bodies that are not JSON or are ambiguous', async (t) => {
  for (const operation of writing) {
    for (const [name, payload] of Object.entries(MALFORMED)) {
      const mistake = findMistake(await send(operation, { payload }), { status: 400, code: 'MALFORMED_JSON' })
      t.equal(mistake, undefined, `${operation.name} ${name}`)
    }
  }
  t.notOk('polluted' in {})
})

const OTHER_MEDIA: Message[] = [
  { payload: '{}', type: 'text/plain' },
  { payload: '{}', type: 'text/plain; x=application/json' },
  { payload: 'email=ada%40example.com', type: 'application/x-www-form-urlencoded' },
  { payload: '--x\r\n\r\n--x--', type: 'multipart/form-data; boundary=x' },
  { payload: '<a/>', type: 'application/xml' },
  { payload: '{}', type: 'application/jsonp' },
  { payload: '{}', type: 'application/json, text/plain' },
  { payload: '{}', type: 'json' },
  { payload: '{}', type: '' },
  { payload: '{}', type: 'application/json; charset=utf-7' },
  { payload: '{}', type: 'application/json; charset="UTF-16"' },
  { payload: gzipSync(Buffer.alloc(4_000_000)), headers: { 'content-encoding': 'gzip' } },
  { payload: '{}', headers: { 'content-encoding': 'br' } },
]

t.test('refuses another media type, another character set and a compressed body', async (t) => {
  const expected = { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' }
  for (const operation of writing) {
    for (const message of OTHER_MEDIA) {
      const mistake = findMistake(await send(operation, message), expected)
      t.equal(mistake, undefined, `${operation.name} ${message.type} ${JSON.stringify(message.headers)}`)
    }
  }
})

t.test('accepts JSON in UTF-8 however its type is written', async (t) => {
  const types = [
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=UTF-8',
    'application/json; charset="utf8"',
  ]
  for (const type of types) {
    const answer = await admin.request({
      method: 'PATCH',
      url: '/api/v1/me',
      payload: '\uFEFF{"firstName":"Zo\\u00eb"}',
      headers: { 'content-type': type },
    })
    t.match(answer, { status: 200, body: { firstName: 'Zoë' } }, type)
  }
})

t.test('refuses a body over the limit', async (t) => {
  const payload = JSON.stringify({ email: 'a'.repeat(1024 * 1024) })
  for (const operation of writing) {
    const mistake = findMistake(await send(operation, { payload }), {
      status: 413,
      code: 'PAYLOAD_TOO_LARGE',
    })
    t.equal(mistake, undefined, operation.name)
  }
})

const deepObject = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

const nameList = (length: number) => `{${Array.from({ length }, (_, i) => `"k${i}":1`).join()}}`

const HUGE = {
  'deep objects': deepObject(9000),
  'deep arrays': `{"email":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
  'a thousand names': nameList(1000),
  'many elements': `{"email":[${'1,'.repeat(100_000)}1]}`,
  'many elements at the top': `[${'1,'.repeat(500_000)}1]`,
  'a number beyond all numbers': '{"email":1e400}',
}

t.test('refuses deep, wide and huge documents like any other', async (t) => {
  for (const operation of writing.filter(({ body }) => body)) {
    for (const [name, payload] of Object.entries(HUGE)) {
      const answer = await send(operation, { payload })
      const mistake = findMistake(answer, { status: 400, code: 'VALIDATION_FAILED' })
      t.equal(mistake, undefined, `${operation.name} ${name}`)
      if (name === 'a thousand names') t.equal(answer.body.errors.length, 50)
    }
    for (const payload of [nameList(90_000), deepObject(20_000)]) {
      const mistake = findMistake(await send(operation, { payload }), {
        status: 400,
        code: 'TOO_MANY_FIELDS',
      })
      t.equal(mistake, undefined, operation.name)
    }
  }
})

t.test('over a connection', async (t) => {
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const port = Number(new URL(address).port)
  const send = (...lines: string[]) => exchange(port, [lines.join('\r\n')])
  const LOGIN = ['POST /api/v1/auth/login HTTP/1.1', 'Host: x', 'Content-Type: application/json']

  const findRawMistake = (answer: Awaited<ReturnType<typeof send>>, status: number) =>
    findMistake(answer, { status }) ??
    (answer.headers.connection === 'close' ? undefined : 'the connection stays open') ??
    (answer.headers['x-content-type-options'] === 'nosniff' ? undefined : 'no security headers')

  t.test('refuses messages that two servers could read differently and closes the connection', async (t) => {
    const ambiguous = {
      'a space before a colon': ['GET /healthz HTTP/1.1', 'Host : x'],
      'bare line feeds': ['GET /healthz HTTP/1.1\nHost: x\n'],
      'a folded header': ['GET /healthz HTTP/1.1', 'Host: x', 'X-A: a', ' b'],
      'a length and chunks': [...LOGIN, 'Content-Length: 4', 'Transfer-Encoding: chunked', '', '0'],
      'two lengths': [...LOGIN, 'Content-Length: 2', 'Content-Length: 3', '', '{}'],
      'a negative length': [...LOGIN, 'Content-Length: -2', '', '{}'],
      'an unknown transfer encoding': [...LOGIN, 'Transfer-Encoding: xchunked', '', '0'],
      'chunked, but not last': [...LOGIN, 'Transfer-Encoding: chunked, identity', '', '0'],
      'a chunk without a length': [...LOGIN, 'Transfer-Encoding: chunked', '', 'zz'],
      'no host': ['GET /healthz HTTP/1.1'],
      'two hosts': ['GET /healthz HTTP/1.1', 'Host: a', 'Host: b'],
      'a terminal escape': ['GET /healthz HTTP/1.1', 'Host: x', 'User-Agent: a\u001B[31mb'],
      'no HTTP at all': ['\u0016\u0003\u0001'],
    }
    for (const [name, lines] of Object.entries(ambiguous)) {
      t.equal(findRawMistake(await send(...lines, '', ''), 400), undefined, name)
    }
  })

  t.test('headers beyond the limit and unknown methods have specific answers', async (t) => {
    const long = await send('GET /healthz HTTP/1.1', 'Host: x', `X-A: ${'a'.repeat(20_000)}`, '', '')
    t.equal(findRawMistake(long, 431), undefined)
    const unknown = await send('BREW /api/v1/me HTTP/1.1', 'Host: x', '', '')
    t.equal(findRawMistake(unknown, 405), undefined)
    t.match(unknown.headers.allow, /GET/)
    const webdav = await send('PROPFIND /api/v1/me HTTP/1.1', 'Host: x', 'Connection: close', '', '')
    t.equal(findRawMistake(webdav, 404), undefined)
    const absolute = await send(
      'GET http://evil.example/api/v1/./me HTTP/1.1',
      'Host: x',
      'Connection: close',
      '',
      '',
    )
    t.equal(findRawMistake(absolute, 404), undefined)
  })

  t.test('refuses a body that exceeds the limit while it arrives', async (t) => {
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`
    const start = `${[...LOGIN, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n`
    const growing = await exchange(port, [start, ...Array.from({ length: 17 }, () => chunk)])
    t.equal(findRawMistake(growing, 413), undefined)
    const announced = await send(...LOGIN, 'Content-Length: 10000000', '', '{')
    t.equal(findRawMistake(announced, 413), undefined)
  })

  t.test('HEAD and TRACE return no body', async (t) => {
    const head = await send('HEAD /healthz HTTP/1.1', 'Host: x', 'Connection: close', '', '')
    t.match(head, { status: 200, text: '', headers: { 'content-length': '15' } })
    const trace = await send('TRACE /healthz HTTP/1.1', 'Host: x', 'X-Secret: 1', 'Connection: close', '', '')
    t.equal(findRawMistake(trace, 405), undefined)
    t.notMatch(trace.text, /secret/i)
  })
})
