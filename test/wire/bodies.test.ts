import { buildTestApp } from '../helpers/app.js'
import { type JsonSchema, type Operation, operationsOf, withBodies } from '../helpers/operations.js'
import { findFailure, findMistake } from '../helpers/problems.js'
import { NASTY_TEXTS } from '../helpers/texts.js'
import t from '../tap.js'

const { app, signUp } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin' })

const operations = operationsOf(app)
const bodies = withBodies(operations)
const bodiless = operations.filter(({ method, body }) => method !== 'GET' && !body)

const REFUSED = { status: 400, code: 'VALIDATION_FAILED' }

const send = ({ method, url }: Operation, body: unknown, client = admin) =>
  client.request({
    method,
    url,
    payload: body === undefined ? '' : JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })

t.test('the samples of the following tests are valid', async (t) => {
  t.ok(bodies.length > 3)
  for (const { operation, sample } of bodies) {
    const answer = await send(operation, sample)
    t.notMatch(answer.body?.code, /VALIDATION_FAILED|PASSWORD_TOO_COMMON/, `${operation.name} ${answer.text}`)
    t.equal(findFailure(answer), undefined, operation.name)
  }
})

t.test('refuses and names an unknown field, read-only ones included', async (t) => {
  const fieldsOfAnswers = [
    'id',
    'createdAt',
    'updatedAt',
    'emailVerifiedAt',
    'passwordHash',
    'status',
    'role',
  ]
  for (const { operation, schema, sample } of bodies) {
    const unknown = ['surprise', ...fieldsOfAnswers.filter((name) => !(name in (schema.properties ?? {})))]
    for (const field of unknown) {
      const answer = await send(operation, { ...sample, [field]: 'x' })
      t.equal(findMistake(answer, { ...REFUSED, paths: [field] }), undefined, `${operation.name} ${field}`)
    }
  }
})

t.test('names a missing required field', async (t) => {
  for (const { operation, schema } of bodies) {
    if (!schema.required) continue
    const mistake = findMistake(await send(operation, {}), { ...REFUSED, paths: schema.required })
    t.equal(mistake, undefined, operation.name)
  }
})

const VALUES = [1, 0, true, false, null, [], ['a'], {}, { $ne: null }, '', '1', 'true']

const wrongValuesOf = ({ type }: JsonSchema) => {
  const types = [type].flat().map((name) => (name === 'integer' ? 'number' : name))
  return VALUES.filter((value) => !types.includes(value === null ? 'null' : typeof value))
}

t.test('refuses a value of another type instead of converting it', async (t) => {
  for (const { operation, schema, sample } of bodies) {
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      for (const value of wrongValuesOf(property)) {
        const answer = await send(operation, { ...sample, [field]: value })
        const mistake = findMistake(answer, { ...REFUSED, paths: [field] })
        t.equal(mistake, undefined, `${operation.name} ${JSON.stringify({ [field]: value })}`)
      }
    }
  }
})

t.test('refuses a body that is not an object, and an empty one', async (t) => {
  for (const { operation } of bodies) {
    for (const value of [undefined, null, [], [{}], 'text', 1, true]) {
      const mistake = findMistake(await send(operation, value), { ...REFUSED, paths: [''] })
      t.equal(mistake, undefined, `${operation.name} ${JSON.stringify(value)}`)
    }
  }
})

t.test('an operation without a body accepts no body or an empty object', async (t) => {
  t.ok(bodiless.length > 1)
  for (const operation of bodiless) {
    for (const value of [{ a: 1 }, [], ['a'], 'text', 1, true]) {
      const mistake = findMistake(await send(operation, value), { status: 400, code: 'UNEXPECTED_BODY' })
      t.equal(mistake, undefined, `${operation.name} ${JSON.stringify(value)}`)
    }
    for (const value of [undefined, {}]) {
      // Some of these operations end the caller's session.
      const client = await signUp({ role: 'super_admin' })
      t.match((await send(operation, value, client)).status, /204|404/, operation.name)
    }
  }
})

t.test('no text makes the server fail', async (t) => {
  for (const { operation, schema, sample } of bodies) {
    for (const [field, { type }] of Object.entries(schema.properties ?? {})) {
      if (![type].flat().includes('string')) continue
      for (const [name, text] of Object.entries(NASTY_TEXTS)) {
        const failure = findFailure(await send(operation, { ...sample, [field]: text }))
        t.equal(failure, undefined, `${operation.name} ${field} ${name}`)
      }
    }
  }
})

const LONG = 50_000

const NEAR_MATCHES = [
  `${'a'.repeat(LONG)}!`,
  'a.'.repeat(LONG / 2),
  `a@${'a.'.repeat(LONG / 2)}`,
  `a@${'a-'.repeat(LONG / 2)}`,
  `${' '.repeat(LONG)}\0`,
  `${'_'.repeat(LONG)}=`,
]

t.test('no pattern takes long on a text that nearly matches', async (t) => {
  for (const { operation, schema, sample } of bodies) {
    for (const [field, { type }] of Object.entries(schema.properties ?? {})) {
      if (![type].flat().includes('string')) continue
      for (const text of NEAR_MATCHES) {
        const mistake = findMistake(await send(operation, { ...sample, [field]: text }), {
          ...REFUSED,
          paths: [field],
        })
        t.equal(mistake, undefined, `${operation.name} ${field}`)
      }
    }
  }
})

t.test('stores a text unchanged or refuses it', async (t) => {
  for (const [name, text] of Object.entries(NASTY_TEXTS)) {
    const { status, body } = await admin.patch('/me', { firstName: text })
    if (status === 200) t.equal(body.firstName, text, name)
    else t.match(body, { code: 'VALIDATION_FAILED', errors: [{ path: 'firstName' }] }, name)
  }
})
