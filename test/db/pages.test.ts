/** Keyset pagination by columns of every type that the list of a new resource may have. */
import { getTableColumns } from 'drizzle-orm'
import { date, pgTable, timestamp, uuid } from 'drizzle-orm/pg-core'
import { keysetPage } from '../../src/db/queries/page.js'
import { boundOf } from '../../src/db/queries/sort-columns.js'
import { outbox } from '../../src/db/schema/outbox.js'
import { users } from '../../src/db/schema/users.js'
import { CURSOR_MAX_LENGTH, encodeCursor } from '../../src/lib/schema/pagination.js'
import { openAuditTest } from '../helpers/audit.js'
import { UNKNOWN_ID } from '../helpers/operations.js'
import t from '../tap.js'

const { db, owner, addUser } = await openAuditTest(t)

type Listed = typeof users.$inferSelect & typeof outbox.$inferSelect
type Field = keyof typeof SORTABLE

const SORTABLE = {
  email: users.email,
  role: users.role,
  createdAt: users.createdAt,
  id: users.id,
  attempts: outbox.attempts,
  scheduled: outbox.scheduled,
  job: outbox.job,
}

type Sort = Field | `-${Field}`

async function list(sort: Sort, cursor?: string) {
  const { table } = SORTABLE[sort.replace('-', '') as Field]
  const page = keysetPage<Listed, Field>(SORTABLE, getTableColumns(table).id as typeof users.id, {
    sort,
    limit: 2,
    ...(cursor !== undefined && { cursor }),
  })
  const rows = await db
    .select()
    .from(table)
    .where(page.after)
    .orderBy(...page.orderBy)
    .limit(page.limit)
  return page.toPage(rows as Listed[])
}

async function walk(sort: Sort, betweenPages = async (_last: Listed) => {}): Promise<Listed[]> {
  const { data, nextCursor: first } = await list(sort)
  for (let cursor = first; cursor !== null; ) {
    t.ok(cursor.length <= CURSOR_MAX_LENGTH, `${sort}: the cursor is short enough to be accepted`)
    await betweenPages(data.at(-1) as Listed)
    const next = await list(sort, cursor)
    data.push(...next.data)
    cursor = next.nextCursor
  }
  return data
}

const LONG = '😀\u0001"'.repeat(700)

t.before(async () => {
  for (const role of ['user', 'super_admin', 'user', 'super_admin', 'user'] as const) {
    const { id } = await addUser()
    await owner`update users set role = ${role} where id = ${id}`
  }
  for (const [i, job] of [
    'short',
    `${LONG}c`,
    `${LONG}a`,
    `${LONG}b`,
    `${LONG}b`,
    LONG,
    `${LONG}d`,
  ].entries())
    await owner`insert into outbox (job, payload, attempts, scheduled) values (${job}, '{}', ${i % 3}, ${i === 1})`
})

t.test('pages sorted by a column of any type contain every row once', async (t) => {
  for (const field of Object.keys(SORTABLE) as Field[]) {
    const { table } = SORTABLE[field]
    const column = field.replace('A', '_a')
    for (const direction of ['asc', 'desc']) {
      const name = table === users ? 'users' : 'outbox'
      const expected = await owner.unsafe(
        `select id from ${name} order by ${column} ${direction}, id ${direction}`,
      )
      const found = await walk(direction === 'asc' ? field : `-${field}`)
      t.strictSame(
        found.map(({ id }) => id),
        expected.map(({ id }) => id),
        `${field} ${direction}`,
      )
    }
  }
})

t.test('refuses a cursor whose value the column type cannot hold', async (t) => {
  const values = [
    '',
    'x',
    'surprise',
    'NaN',
    '1.5',
    '1e9',
    '9'.repeat(16),
    '2147483648',
    '2026-02-30T00:00:00Z',
  ]
  const texts: Field[] = ['email', 'job', 'id']
  for (const field of Object.keys(SORTABLE) as Field[]) {
    for (const value of values) {
      const answer = list(field, encodeCursor({ sort: field, value, id: UNKNOWN_ID }))
      if (texts.includes(field)) await t.resolves(answer, `${field} ${value}`)
      else await t.rejects(answer, { code: 'INVALID_CURSOR' }, `${field} ${value}`)
    }
    const cut = encodeCursor({ sort: field, value: LONG, id: UNKNOWN_ID })
    if (texts.includes(field)) await t.resolves(list(field, cut), field)
    else await t.rejects(list(field, cut), { code: 'INVALID_CURSOR' }, field)
  }
})

t.test('loses no row when the row of a long cursor is deleted or changed', async (t) => {
  const before = await owner<{ id: string }[]>`select id from outbox`
  let pages = 0
  const listed = await walk('job', async ({ id, job }) => {
    pages += 1
    if (pages === 2) await owner`delete from outbox where id = ${id}`
    if (pages === 3) await owner`update outbox set job = ${`zz ${job}`} where id = ${id}`
  })
  t.ok(pages > 2)
  const ids = new Set(listed.map(({ id }) => id))
  t.strictSame(
    before.filter(({ id }) => !ids.has(id)),
    [],
  )
})

t.test('reads only days that exist from a cursor', async (t) => {
  const { day } = getTableColumns(pgTable('days', { day: date('day').notNull() }))
  t.equal(boundOf(day, '2026-01-31'), '2026-01-31')
  for (const value of ['', '2026-02-30', '2026-01-31T00:00:00Z'])
    t.throws(() => boundOf(day, value), { code: 'INVALID_CURSOR' }, value)
})

t.test('refuses sort columns that would lose rows', async (t) => {
  const query = { sort: 'at', limit: 2 } as const
  // @ts-expect-error: a comparison with null is never true
  keysetPage<{ id: string; at: Date }, 'at'>({ at: users.emailVerifiedAt }, users.id, query)
  const { at, id } = getTableColumns(
    pgTable('precise', { at: timestamp('at', { withTimezone: true }).notNull(), id: uuid('id').notNull() }),
  )
  t.throws(() => keysetPage<{ id: string; at: Date }, 'at'>({ at }, id, query), /more precise/)
})
