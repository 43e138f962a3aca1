import { buildTestApp } from '../helpers/app.js'
import { type JsonSchema, type Operation, operationsOf, sampleOf, UNKNOWN_ID } from '../helpers/operations.js'
import { createOrganization } from '../helpers/organizations.js'
import { findFailure, findMistake } from '../helpers/problems.js'
import { NASTY_TEXTS } from '../helpers/texts.js'
import t from '../tap.js'

const { app, anonymous, signUp } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin' })

const operations = operationsOf(app, (await createOrganization(admin)).id)
const reading = operations.filter(({ method }) => method === 'GET')
const lists = operations.filter(({ query }) => query.some(({ name }) => name === 'cursor'))
const withId = operations.filter(({ path }) => path.includes('{'))

const REFUSED = { status: 400, code: 'VALIDATION_FAILED' }

const get = (url: string) => admin.request({ method: 'GET', url })
/** A URL with this parameter and the required ones. */
const withQuery = ({ url, query }: Operation, name: string, value: string): string => {
  const needed = query.filter((parameter) => parameter.required && parameter.name !== name)
  const pairs = [...needed.map(({ name, schema }) => [name, String(sampleOf(schema))]), [name, value]]
  return `${url}?${pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}`
}

t.test('every operation refuses and names an unknown query parameter', async (t) => {
  for (const operation of operations) {
    const { method, name, body } = operation
    for (const parameter of ['surprise', '__proto__', 'constructor', 'limit[]', 'access_token', 'Limit']) {
      const payload = body && { payload: sampleOf(body) as object }
      const answer = await admin.request({ method, url: withQuery(operation, parameter, 'x'), ...payload })
      const mistake = findMistake(answer, { ...REFUSED, paths: [parameter] })
      t.equal(mistake, undefined, `${name} ${parameter}`)
    }
  }
})

t.test('refuses a repeated query parameter', async (t) => {
  for (const operation of reading) {
    const { query, name } = operation
    for (const parameter of query) {
      const value = String(sampleOf(parameter.schema))
      const once = withQuery(operation, parameter.name, value)
      const answer = await get(`${once}&${parameter.name}=${encodeURIComponent(value)}`)
      t.equal(
        findMistake(answer, { ...REFUSED, paths: [parameter.name] }),
        undefined,
        `${name} ${parameter.name}`,
      )
    }
  }
})

/** Values that every parameter of this schema must refuse. */
const wrongValuesOf = ({ type, format, enum: choices }: JsonSchema): string[] => {
  if (type === 'integer')
    return [
      '0',
      '-1',
      '101',
      '1e9',
      '1e400',
      '-Infinity',
      '1.5',
      'NaN',
      'Infinity',
      '',
      ' ',
      'null',
      '1;drop table users',
    ]
  if (choices)
    return ['', 'surprise', `${choices[0]}'`, 'passwordHash', 'email,id', '(select 1)', '__proto__', 'null']
  if (format === 'uuid')
    return ['', 'x', `urn:uuid:${UNKNOWN_ID}`, `{${UNKNOWN_ID}}`, UNKNOWN_ID.replaceAll('-', ''), 'null']
  if (format === 'date-time') {
    const dates = [
      '',
      'x',
      '2026-01-31',
      '2026-02-30T00:00:00Z',
      '2026-01-31T23:59:60Z',
      '2026-01-31T25:00:00Z',
    ]
    const beyond = [
      '0000-01-01T00:00:00Z',
      '0099-12-31T23:59:59Z',
      '9999-12-31T23:59:59.999-23:59',
      '+275760-09-13T00:00:00.000Z',
    ]
    return [...dates, ...beyond, '2026-01-31T00:00:00', '1769851800000', 'null']
  }
  return ['']
}

t.test('refuses a query parameter of the wrong type', async (t) => {
  for (const operation of reading) {
    const { query, name } = operation
    for (const { name: parameter, schema } of query) {
      for (const value of wrongValuesOf(schema)) {
        const answer = await get(withQuery(operation, parameter, value))
        const mistake = findMistake(answer, { ...REFUSED, paths: [parameter] })
        t.equal(mistake, undefined, `${name} ${parameter}=${value}`)
      }
    }
  }
})

t.test('accepts times at the ends of the storable range', async (t) => {
  for (const from of ['0100-01-01T00:00:00Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z']) {
    const { status, body } = await admin.get(`/audit-logs?limit=1&from=${from}`)
    t.strictSame([status, body.data.length], [200, from < '2000' ? 1 : 0], from)
  }
})

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const BAD_CURSORS = [
  encode('text'),
  encode([]),
  encode({}),
  encode(['-createdAt', '2026-01-31T00:00:00.000Z']),
  encode(['-createdAt', '2026-01-31T00:00:00.000Z', 'x']),
  encode(['-createdAt', 1, UNKNOWN_ID]),
  encode(['-createdAt', null, UNKNOWN_ID]),
  encode(['createdAt', '2026-01-31T00:00:00.000Z', UNKNOWN_ID]),
  encode(['passwordHash', 'x', UNKNOWN_ID]),
  encode(['-createdAt', 'x\0', UNKNOWN_ID]),
  Buffer.from([0xff, 0xfe]).toString('base64url'),
  UNKNOWN_ID,
  'x',
]

t.test('refuses a cursor of another list or sort order', async (t) => {
  t.ok(lists.length > 1)
  for (const operation of lists) {
    const { name } = operation
    for (const cursor of BAD_CURSORS) {
      const answer = await get(withQuery(operation, 'cursor', cursor))
      t.equal(findMistake(answer, { status: 400, code: 'INVALID_CURSOR' }), undefined, `${name} ${cursor}`)
    }
    for (const cursor of ['', '%', 'a b', "'", '='.repeat(3), 'a'.repeat(3000)]) {
      const answer = await get(withQuery(operation, 'cursor', cursor))
      t.equal(findMistake(answer, REFUSED), undefined, `${name} ${cursor.slice(0, 10)}`)
    }
  }
})

t.test('refuses a cursor with a time that cannot be stored', async (t) => {
  for (const time of [
    'x',
    '+275760-09-13T00:00:00.000Z',
    '0000-01-01T00:00:00.000Z',
    '-000001-01-01T00:00:00.000Z',
  ]) {
    const cursor = encode(['-createdAt', time, UNKNOWN_ID])
    const answer = await admin.get(`/users?cursor=${cursor}`)
    t.equal(findMistake(answer, { status: 400, code: 'INVALID_CURSOR' }), undefined, time)
  }
})

t.test('no text in a query makes the server fail or runs as SQL', async (t) => {
  for (const operation of lists) {
    const { url, query, name } = operation
    for (const parameter of query.filter(({ schema }) => schema.type === 'string' && !schema.format)) {
      for (const [kind, text] of Object.entries(NASTY_TEXTS)) {
        const answer = await get(withQuery(operation, parameter.name, text.toWellFormed()))
        t.equal(findFailure(answer), undefined, `${name} ${parameter.name} ${kind}`)
        if (answer.status === 200) t.strictSame(answer.body.data, [], `${name} ${parameter.name} ${kind}`)
      }
      // Not valid UTF-8: a lone surrogate, an overlong slash, an incomplete sequence. Not
      // decodable: % and %zz.
      for (const bytes of ['%ED%A0%80', '%C0%AF', '%E4', '%', '%zz']) {
        t.equal(findFailure(await get(`${url}?${parameter.name}=${bytes}`)), undefined, `${name} ${bytes}`)
      }
    }
  }
})

const INVALID_IDS = [
  'x',
  '1',
  'null',
  'undefined',
  `urn:uuid:${UNKNOWN_ID}`,
  `%7B${UNKNOWN_ID}%7D`,
  `${UNKNOWN_ID}%00`,
]
const HOSTILE_IDS = ['%00', '..%2F..', "'%20OR%20'1'='1", 'a'.repeat(101), 'a'.repeat(10_000)]

t.test('refuses an id that is not a UUID and does not find an unknown one', async (t) => {
  t.ok(withId.length > 3)
  for (const { method, urlWith, name, path, body } of withId) {
    const payload = body && { payload: sampleOf(body) as object }
    const paths = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => parameter)
    for (const id of [...INVALID_IDS, ...HOSTILE_IDS]) {
      const answer = await admin.request({ method, url: urlWith(id), ...payload })
      t.equal(findMistake(answer, { ...REFUSED, paths }), undefined, `${name} ${id.slice(0, 60)}`)
    }
    for (const id of [UNKNOWN_ID, UNKNOWN_ID.toUpperCase(), '00000000-0000-0000-0000-000000000000']) {
      const answer = await admin.request({ method, url: urlWith(id), ...payload })
      t.equal(findMistake(answer, { status: 404, code: 'NOT_FOUND' }), undefined, `${name} ${id}`)
    }
  }
})

t.test('refuses a path that cannot be decoded', async (t) => {
  for (const url of ['/%', '/api/v1/users/%', '/api/v1/users/%zz', '/api/v1/%ff', '/%ED%A0%80']) {
    const answer = await get(url)
    t.equal(findMistake(answer, { status: 400, code: 'MALFORMED_URL' }), undefined, url)
    t.match(answer.headers, {
      'x-content-type-options': 'nosniff',
      'content-security-policy': /frame-ancestors 'none'/,
    })
  }
})

t.test('only the documented path works', async (t) => {
  const detours = ['/api/v1/me/', '/api/v1//me', '//api/v1/me', '/api/v1%2Fme', '/API/v1/me', '/api/v1/ME']
  const others = [
    '/api',
    '/api/v1',
    '/api/v1/',
    '/api/v2/me',
    '/nothing',
    '/api/v1/me;x=1',
    '/api/v1/me.json',
    '/api/v1/users//',
  ]
  for (const url of [
    ...detours,
    ...others,
    '/.env',
    '/admin',
    '/metrics',
    '/docs',
    '/swagger.json',
    '/debug/pprof',
  ]) {
    t.equal(findMistake(await get(url), { status: 404, code: 'NOT_FOUND' }), undefined, url)
    const options = await anonymous.request({ method: 'OPTIONS', url })
    t.equal(findMistake(options, { status: 404, code: 'NOT_FOUND' }), undefined, `OPTIONS ${url}`)
    const { status, text } = await anonymous.request({ method: 'HEAD', url })
    t.strictSame([status, text], [404, ''], `HEAD ${url}`)
  }
})
