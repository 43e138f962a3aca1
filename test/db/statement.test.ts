/** The statement of our own does what a query of postgres.js does, and fits the installed version. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Statement, send } from '../../src/db/driver/statement.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import t from '../tap.js'

const database = await createTestDatabase(t)
const open = () => connect(t, database.ownerUrl)
const sql = open()

/** What a connection uses of cursors, streams, cancellation and its own queries, none of which a statement is. */
const UNUSED = ['cursorFn', 'cursorRows', 'forEachFn', 'portal', 'reserve', 'execute', 'handler', 'canceller']

const statement = new Statement(
  '',
  [],
  { simple: true, prepare: false },
  false,
  () => {},
  () => {},
)

t.test('has every property that a query has', async (t) => {
  const query = sql.unsafe('')
  const missing = Object.keys(query).filter((name) => !(name in statement) && !UNUSED.includes(name))
  t.strictSame(missing, [])
  t.equal((query as unknown as { handler: object }).handler.constructor, Function)
})

t.test('has every property that a connection reads or writes', async (t) => {
  const main = createRequire(import.meta.url).resolve('postgres')
  const source = readFileSync(join(dirname(main), '../src/connection.js'), 'utf8')
  const names = new Set([...source.matchAll(/\b(?:query|q)\.(?!js')(\w+)/g)].map(([, name = '']) => name))
  t.ok(names.size > 20)
  t.strictSame(
    [...names].filter((name) => !(name in statement) && !UNUSED.includes(name)),
    ['cursorName'],
  )
})

t.test('gives the rows of postgres.js, as objects and as arrays', async (t) => {
  const cases: [text: string, params: unknown[]][] = [
    ['select 1 as one, null as none', []],
    ['select $1::int as a, $2::text as b, $3::timestamptz as c', [1, "it's", new Date(0)]],
    ['select n from generate_series(1, 3) n where false', []],
    ['create temporary table if not exists things (n int)', []],
    ['insert into things select n from generate_series(1, $1::int) n', [4]],
  ]
  for (const [text, params] of cases) {
    const theirs = await sql.unsafe(text, params as never[])
    const ours = await send(sql, text, params)
    t.strictSame([...ours], [...theirs], text)
    t.match(ours, { command: theirs.command, count: theirs.count })
    for (const prepare of [true, false])
      t.strictSame(
        [...(await send<unknown[][]>(sql, text, params, { prepare, rows: 'values' }))],
        [...(await sql.unsafe(text, params as never[], { prepare }).values())],
      )
  }
})

t.test('gives the errors of postgres.js, and the connection goes on', async (t) => {
  for (const [text, params] of [
    ['select nothing', []],
    ['select 1 / $1::int', [0]],
    ['select $1::int', ['no number']],
  ] as const) {
    const errorOf = (work: PromiseLike<unknown>) =>
      Promise.resolve(work).then(
        () => t.fail(text),
        ({ code, message, query, parameters }) => ({ code, message, query, parameters }),
      )
    t.strictSame(
      await errorOf(send(sql, text, params)),
      await errorOf(sql.unsafe(text, [...params] as never[])),
    )
    t.match(await send(sql, 'select 1 as one'), [{ one: 1 }])
  }
})

t.test('a prepared statement is prepared again when its result has changed', async (t) => {
  await send(sql, 'create temporary table shapes (a int)')
  await send(sql, 'insert into shapes values (1)')
  const read = () => send(sql, 'select * from shapes where a > $1', [0], { prepare: true })
  t.match(await read(), [{ a: 1 }])
  await send(sql, 'alter table shapes add b int default 2')
  t.match(await read(), [{ a: 1, b: 2 }])
})

t.test('rejects when the connection is lost or closed', async (t) => {
  const other = open()
  const [row] = await send<{ pid: number }[]>(other, 'select pg_backend_pid() as pid')
  const sleeping = send(other, 'select pg_sleep(30), $1::int', [1])
  const isRejected = t.rejects(sleeping, { code: /CONNECTION_CLOSED|57P01/ })
  await sql`select pg_terminate_backend(${Number(row?.pid)}, 5000)`
  await isRejected
  await other.end({ timeout: 0 })
  await t.rejects(send(other, 'select 1'), { code: 'CONNECTION_ENDED' })
})
