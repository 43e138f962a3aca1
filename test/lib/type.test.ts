import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import TypeBox from 'typebox'
import Type from '../../src/lib/schema/type.js'
import { PACKAGE_ROOT } from '../helpers/process.js'

/** The same schemas, built with either library. */
const build = (T: typeof Type) => [
  T.String({ minLength: 1 }),
  T.Integer({ minimum: 1, default: 20 }),
  T.Number(),
  T.Boolean({ description: 'on or off' }),
  T.Null(),
  T.Literal('Bearer'),
  T.Literal(1, { description: 'one' }),
  T.Array(T.Object({ id: T.String() }), { maxItems: 3 }),
  T.Record(T.String(), T.Integer()),
  T.Unsafe<'a' | 'b'>({ type: 'string', enum: ['a', 'b'] }),
  T.Object({}),
  T.Object(
    { a: T.String(), b: T.Optional(T.Integer({ minimum: 0 })) },
    { additionalProperties: false, $id: 'A' },
  ),
  T.Object({ only: T.Optional(T.Object({ deep: T.Optional(T.Unsafe<Date>({ format: 'date-time' })) })) }),
]

t.test('our builders make the schemas of typebox', async (t) => {
  t.strictSame(JSON.stringify(build(Type), null, 1), JSON.stringify(build(TypeBox), null, 1))
  const mixed = Type.Object({ a: TypeBox.Optional(TypeBox.String()) })
  t.notOk('required' in mixed, 'honours the optional marker of typebox')
})

t.test('no running code loads typebox itself, which is a third of the work of every start', async (t) => {
  const src = join(PACKAGE_ROOT, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  t.ok(files.includes(join('lib', 'schema', 'type.ts')))
  const loading = files.filter((name) =>
    /^import (?!type )[^']*'(@fastify\/type-provider-)?typebox/m.test(readFileSync(join(src, name), 'utf8')),
  )
  t.strictSame(loading, [])
})
