import { USER_SORT_FIELDS } from '../../src/db/queries/accounts/user-lists.js'
import { buildTestApp } from '../helpers/app.js'
import type { Answer, Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import t from '../tap.js'

const { app, database, signUp, anonymous } = await buildTestApp(t)
const admin = await signUp({ role: 'super_admin', email: 'admin@example.com' })
const plain = await signUp({ email: 'plain@example.com' })
const sql = connect(t, database.ownerUrl)

type Listed = { id: string; email: string; [field: string]: unknown }

const list = (query: Record<string, string | number> = {}, client: Client = admin): Promise<Answer> =>
  client.get(`/users?${new URLSearchParams(query as Record<string, string>)}`)

/** Reads all pages, and runs `between` after each but the last. */
async function walk(query: Record<string, string | number>, between = async (_page: Listed[]) => {}) {
  const pages: Listed[][] = []
  let cursor: string | null | undefined
  do {
    const { status, body } = await list({ ...query, ...(cursor && { cursor }) })
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
    pages.push(body.data)
    cursor = body.nextCursor
    if (cursor) await between(body.data)
  } while (cursor)
  return pages
}

const SORTS = USER_SORT_FIELDS.flatMap((field) => [field, `-${field}`])
const columnOf = (sort: string) =>
  sort.replace('-', '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Adds users that share names and times, so that ids decide the order. */
const addUsers = (count: number, prefix: string) => sql`
  insert into users (email, first_name, last_name, status, role, created_at, updated_at)
  select ${prefix} || n || '@example.com', (array['Ada', 'ada', 'Émile', 'Zoë', 'Žofie'])[n % 5 + 1], 'Same',
    (array['active', 'pending', 'disabled']::user_status[])[n % 3 + 1],
    case when n % 10 = 0 then 'super_admin' else 'user' end::user_role,
    timestamptz '2026-01-01' + n / 7 * interval '1 millisecond', timestamptz '2026-02-01'
  from generate_series(1, ${count}) as n`

await addUsers(60, 'seed-')

t.test('every listed field sorts both ways over all pages, ties included', async (t) => {
  for (const sort of SORTS) {
    const direction = sort.startsWith('-') ? 'desc' : 'asc'
    const column = columnOf(sort)
    const expected = await sql.unsafe(`select id from users order by ${column} ${direction}, id ${direction}`)
    const pages = await walk({ sort, limit: 9 })
    t.strictSame(
      pages.flat().map(({ id }) => id),
      expected.map(({ id }) => id),
      sort,
    )
    t.ok(pages.slice(0, -1).every((page) => page.length === 9))
  }
  const newest = (await list({ limit: 100 })).body.data
  t.strictSame(
    newest,
    (await list({ limit: 100, sort: '-createdAt' })).body.data,
    'sorts the newest first by default',
  )
  t.equal((await list()).body.data.length, 20, 'returns twenty by default')
  const [total] = await sql`select count(*)::int from users`
  t.equal((await list({ limit: total?.count })).body.nextCursor, null, 'a full last page has no next page')
})

t.test('rows added or removed while paging do not repeat or hide others', async (t) => {
  for (const sort of SORTS.filter((name) => !name.includes('updatedAt'))) {
    const before = await sql`select id from users`
    const gone = new Set<string>()
    let round = 0
    const pages = await walk({ sort, limit: 7 }, async (page) => {
      round += 1
      await addUsers(5, `new-${sort}-${round}-`.toLowerCase())
      // The row of the cursor, one that was listed and one that may still come.
      const others = await sql`select id from users where email like 'seed-%' order by random() limit 1`
      const victims = [page.at(-1)?.id, page[0]?.id, others[0]?.id].filter(
        (id) => id !== admin.user?.id && id !== plain.user?.id,
      )
      await sql`delete from users where id in ${sql(victims as string[])}`
      for (const id of victims) gone.add(String(id))
    })
    const listed = pages.flat().map(({ id }) => id)
    t.equal(new Set(listed).size, listed.length, `${sort}: no row is repeated`)
    const lost = before.filter(({ id }) => !gone.has(id) && !listed.includes(id))
    t.strictSame(lost, [], `${sort}: no row is lost`)
    t.ok(round > 3)
    await sql`delete from users where email like 'new-%' or email like 'seed-%'`
    await addUsers(40, 'seed-')
  }
})

t.test('finds users by part of a name or address, by role and by status', async (t) => {
  await sql`
    insert into users (email, first_name, last_name, role, status) values
      ('needle@hay.example', 'Grace', 'Hopper', 'user', 'active'), ('x1@hay.example', 'NEEDLE', 'One', 'user', 'pending'),
      ('x2@hay.example', 'Two', 'the needles', 'super_admin', 'disabled'), ('x3@hay.example', '100%', 'a_b', 'user', 'active'),
      ('x4@hay.example', '100 and more', 'aXb', 'user', 'active'), ('x5@hay.example', 'back\\slash', 'O''Brien', 'user', 'active'),
      ('x6@hay.example', 'Žofie', 'ÉMILE', 'user', 'active')`
  const emails = async (query: Record<string, string>) =>
    (await list({ ...query, limit: '100', sort: 'email' })).body.data.map(
      ({ email }: Listed) => email.split('@')[0],
    )
  t.strictSame(await emails({ q: 'needle' }), ['needle', 'x1', 'x2'])
  t.strictSame(await emails({ q: 'NeEdLe', status: 'pending' }), ['x1'])
  t.strictSame(await emails({ q: 'needle', role: 'super_admin' }), ['x2'])
  t.strictSame(await emails({ q: 'needle', role: 'super_admin', status: 'active' }), [])
  t.strictSame(await emails({ q: '@hay.example' }), ['needle', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6'])
  t.strictSame(await emails({ q: '100%' }), ['x3'], 'finds the text literally')
  t.strictSame(await emails({ q: 'a_b' }), ['x3'])
  t.strictSame(await emails({ q: 'k\\s' }), ['x5'])
  t.strictSame(await emails({ q: "o'b" }), ['x5'])
  t.strictSame(await emails({ q: "' or 1=1 --" }), [])
  const found = await walk({ q: '@hay.example', limit: 2, sort: '-email' })
  t.equal(found.flat().length, 7, 'the filter applies to every page')
  for (const role of ['user', 'super_admin']) {
    const { data } = (await list({ role, limit: 100 })).body
    t.ok(data.length > 0 && data.every((user: Listed) => user.role === role))
  }
  for (const status of ['active', 'pending', 'disabled']) {
    const { data } = (await list({ status, limit: 100 })).body
    t.ok(data.length > 0 && data.every((user: Listed) => user.status === status))
  }
})

t.test('a user has the documented fields and no hash', async (t) => {
  const { body } = await admin.get(`/users/${plain.user?.id}`)
  t.strictSame(Object.keys(body), [
    'id',
    'email',
    'firstName',
    'lastName',
    'role',
    'status',
    'emailVerifiedAt',
    'createdAt',
    'updatedAt',
  ])
  t.match(body, {
    email: 'plain@example.com',
    role: 'user',
    status: 'active',
    createdAt: /^\d{4}-.*\.\d{3}Z$/,
  })
  const { data } = (await list({ q: 'plain@example.com' })).body
  t.strictSame(data, [body], 'the list has the same fields')
  t.notMatch((await list({ limit: 100 })).text, /argon2|hash/i)
})

t.test('only a super_admin has access', async (t) => {
  const url = `/users/${plain.user?.id}`
  const person = { email: 'new@example.com', firstName: 'New', lastName: 'User' }
  const before = await sql`select * from users order by id`
  const attempts = (client: Client) => [
    client.get('/users'),
    client.post('/users', person),
    client.get(url),
    client.patch(url, { role: 'super_admin' }),
    client.delete(url),
    client.get('/users/0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'),
    client.post('/users', { nonsense: true }),
  ]
  for (const answer of await Promise.all(attempts(plain)))
    t.match(answer, { status: 403, body: { code: 'FORBIDDEN' } })
  for (const answer of await Promise.all(attempts(anonymous))) {
    t.match(answer, { status: 401, body: { code: 'UNAUTHORIZED' } })
  }
  t.strictSame(await sql`select * from users order by id`, before, 'nothing changed')
  // A token with a higher role than its user: writes check the role in the database, not the one of
  // the token.
  const token = app.accessTokens.sign({
    userId: plain.user?.id ?? '',
    sessionId: plain.user?.id ?? '',
    role: 'super_admin',
  })
  const headers = { authorization: `Bearer ${token}` }
  t.match(await anonymous.post('/users', person, headers), { status: 403 })
})
