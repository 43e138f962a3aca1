import { buildTestApp } from './helpers/app.js'
import t from './tap.js'

const { app, anonymous } = await buildTestApp(t)

/**
 * Syntax that RE2 (Go), Rust (pydantic), Java and Python do not all interpret as JavaScript does.
 */
const NOT_PORTABLE = {
  'a property of Unicode': /\\p/i,
  'a look-around or a special group': /\(\?(?!:)/,
  'an escape of a code point': /\\[ux]/,
  'a reference to a group': /\\[1-9k]/,
  'a possessive or lazy repeat': /[*+?}][+?]/,
}

const FORMATS = ['date', 'date-time', 'email', 'uuid']

function* nodesOf(node: unknown): Generator<Record<string, unknown>> {
  if (typeof node !== 'object' || node === null) return
  if (!Array.isArray(node)) yield node as Record<string, unknown>
  for (const child of Object.values(node)) yield* nodesOf(child)
}

t.test('generators and validators can read every pattern and format of the document', async (t) => {
  const { body } = await anonymous.request({ url: '/api-docs/json' })
  t.strictSame(body, JSON.parse(JSON.stringify(app.swagger())))
  const schemas = [...nodesOf(body)].filter(({ type }) => [type].flat().includes('string'))
  t.ok(schemas.length > 50)
  for (const { pattern, format } of schemas) {
    if (typeof pattern === 'string') {
      for (const [construct, syntax] of Object.entries(NOT_PORTABLE))
        t.notMatch(pattern, syntax, `${pattern}: ${construct}`)
      t.doesNotThrow(() => new RegExp(pattern))
    }
    if (format !== undefined) t.ok(FORMATS.includes(String(format)), String(format))
  }
})

t.test('checks rules that the document omits', async (t) => {
  const person = { email: 'ada@example.com', password: 'a long and quiet sentence', lastName: 'Lovelace' }
  for (const firstName of [' ', 'a\nb', 'a\u2028b', '\0']) {
    const answer = await anonymous.post('/auth/register', { ...person, firstName })
    t.match(answer, {
      status: 400,
      body: { errors: [{ path: 'firstName', message: 'must be one line with a visible character' }] },
    })
  }
})
