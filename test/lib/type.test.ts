import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import TypeBox, { type Static } from 'typebox'
import Type from '../../src/lib/schema/type.js'
import { PACKAGE_ROOT } from '../helpers/process.js'
import t from '../tap.js'

const COLOURS = ['red', 'green'] as const

enum Level {
  Low,
  High = 'high',
}

const NOTE = (T: typeof Type) =>
  T.Object(
    { id: T.Integer(), title: T.String(), done: T.Optional(T.Boolean()) },
    { $id: 'Note', description: 'a note', additionalProperties: false },
  )

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
  T.Union([T.String({ minLength: 1 }), T.Null()], { description: 'may be empty' }),
  T.Union([]),
  T.Enum([...COLOURS], { default: 'red' }),
  T.Enum(['one', 1]),
  T.Enum({ ...Level }),
  T.Tuple([T.String(), T.Integer()], { description: 'a pair' }),
  T.Tuple([]),
  T.Partial(NOTE(T)),
  T.Partial(NOTE(T), { additionalProperties: false, $id: 'B' }),
  T.Pick(NOTE(T), ['done', 'title']),
  T.Pick(NOTE(T), ['id'], { additionalProperties: false }),
  T.Omit(NOTE(T), ['title']),
  T.Omit(NOTE(T), ['id', 'title'], { description: 'what is left' }),
  T.Pick(T.Partial(NOTE(T)), ['id', 'title']),
  T.Partial(T.Omit(NOTE(T), ['id'])),
  T.Object({ filter: T.Optional(T.Partial(NOTE(T))), note: T.Pick(NOTE(T), ['id']) }),
  T.Object({ only: T.Optional(T.Object({ deep: T.Optional(T.Unsafe<Date>({ format: 'date-time' })) })) }),
]

t.test('our builders make the schemas of typebox', async (t) => {
  t.strictSame(JSON.stringify(build(Type), null, 1), JSON.stringify(build(TypeBox), null, 1))
  const mixed = Type.Object({ a: TypeBox.Optional(TypeBox.String()) })
  t.notOk('required' in mixed, 'honours the optional marker of typebox')
})

t.test('derived schemas leave the one that they come from as it was', async (t) => {
  const note = NOTE(Type)
  const before = JSON.stringify(note)
  Type.Partial(note)
  Type.Omit(note, ['id'])
  t.equal(JSON.stringify(note), before)
  t.strictSame(JSON.parse(JSON.stringify(Type.Object(note.properties))).required, ['id', 'title'])
})

t.test('the types are those of typebox', async () => {
  const note = NOTE(Type)
  const partial = Type.Partial(note)
  const picked = Type.Pick(note, ['id', 'done'])
  const omitted = Type.Omit(note, ['id', 'done'])
  const colour = Type.Enum([...COLOURS])
  const pair = Type.Tuple([Type.String(), Type.Integer()])
  const either = Type.Union([Type.String(), Type.Null()])
  same<Static<typeof partial>, { id?: number; title?: string; done?: boolean }>()
  same<Static<typeof picked>, { id: number; done?: boolean }>()
  same<Static<typeof omitted>, { title: string }>()
  same<Static<typeof colour>, 'red' | 'green'>()
  same<Static<typeof pair>, [string, number]>()
  same<Static<typeof either>, string | null>()
  // @ts-expect-error A note has no such field.
  same<Static<typeof picked>, { id: number; text: string }>()
})

/** Compiles for two types that can each be used as the other. */
function same<_A extends B, B extends C, C = _A>(): void {}

t.test('no running code loads typebox itself, which is a third of the work of every start', async (t) => {
  const src = join(PACKAGE_ROOT, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  t.ok(files.includes(join('lib', 'schema', 'type.ts')))
  const loading = files.filter((name) =>
    /^import (?!type )[^']*'(@fastify\/type-provider-)?typebox/m.test(readFileSync(join(src, name), 'utf8')),
  )
  t.strictSame(loading, [])
})
