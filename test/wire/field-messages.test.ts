import Type from '../../src/lib/schema/type.js'
import { buildValidator } from '../../src/lib/schema/validation.js'
import { buildTestApp } from '../helpers/app.js'
import { type JsonSchema, operationsOf, withBodies } from '../helpers/operations.js'
import t from '../tap.js'

const { app, signUp } = await buildTestApp(t, { config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin' })
const operations = operationsOf(app)

type Answer = { status: number; body: { errors?: { path: string; message: string }[] } }

const SENTENCE = /^(must (not )?(be|have) |is )[^\\^$[\]]+$/

const isText = ({ type }: JsonSchema) => [type].flat().includes('string')

t.test('states in one sentence what is wrong with each field of each body', async (t) => {
  for (const { operation, schema, sample } of withBodies(operations)) {
    for (const [field, { pattern, ...rules }] of Object.entries(schema.properties ?? {})) {
      for (const value of [...(isText(rules) ? ['', '\0^'] : []), { wrong: true }]) {
        const { method, url } = operation
        const answer: Answer = await admin.request({ method, url, payload: { ...sample, [field]: value } })
        const messages = answer.body.errors?.filter(({ path }) => path === field) ?? []
        const name = `${operation.name} ${field} ${JSON.stringify(value)}`
        const isRefused = pattern !== undefined || rules.format !== undefined || typeof value === 'object'
        t.ok(messages.length === 1 || (!isRefused && messages.length === 0), name)
        for (const { message } of messages) t.match(message, SENTENCE, name)
      }
    }
  }
})

t.test('states in one sentence what is wrong with each parameter', async (t) => {
  for (const { name, method, url, query } of operations) {
    for (const parameter of query) {
      const { body }: Answer = await admin.request({ method, url, query: { [parameter.name]: '\0^' } })
      for (const { path, message } of body.errors ?? []) t.match(message, SENTENCE, `${name} ${path}`)
    }
  }
})

t.test('says what is expected, and an empty text is empty', async (t) => {
  const ada = { email: 'ada@', firstName: '', lastName: ' ', password: 'short', age: 36 }
  t.strictSame((await admin.post('/auth/register', ada)).body.errors, [
    { path: 'age', message: 'is not a known field' },
    { path: 'email', message: 'must be an e-mail address' },
    { path: 'password', message: 'must have at least 12 characters' },
    { path: 'firstName', message: 'must not be empty' },
    { path: 'lastName', message: 'must be one line with a visible character' },
  ])
  t.strictSame((await admin.post('/auth/refresh', { refreshToken: '' })).body.errors, [
    { path: 'refreshToken', message: 'must not be empty' },
  ])
  t.strictSame((await admin.get('/users?limit=1000&cursor=*')).body.errors, [
    { path: 'limit', message: 'must be at most 100' },
    { path: 'cursor', message: 'must be the nextCursor of a page' },
  ])
})

t.test('a pattern without a message stops the start, for every part of a request', async (t) => {
  const properties = { code: Type.String({ pattern: '^[a-z]+$' }) }
  for (const httpPart of ['body', 'params', 'querystring', 'headers'])
    t.throws(
      () => buildValidator({}, {})({ schema: Type.Object(properties), httpPart } as never),
      /The pattern \^\[a-z\]\+\$ has no message: add "expected"/,
    )
})

t.test('messages of patterns are not part of the OpenAPI document', async (t) => {
  t.notMatch(JSON.stringify(app.swagger()), /"expected"/)
  t.match(JSON.stringify(app.swagger()), /"pattern"/)
})
