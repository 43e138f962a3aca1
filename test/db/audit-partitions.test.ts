import { buildTestApp } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { readinessSaying } from '../helpers/readiness.js'
import t, { type Test } from '../tap.js'

const readiness = { method: 'GET', url: '/readyz' } as const

async function open(t: Test) {
  const testApp = await buildTestApp(t)
  const sql = connect(t, testApp.database.ownerUrl)
  const [month] = await sql<{ name: string; start: Date }[]>`
    select to_char(start, 'YYYYMM') as name, start at time zone 'UTC' as start
    from (select date_trunc('month', now() at time zone 'UTC') + interval '1 month' as start) as next`
  if (!month) throw new Error('There is no next month')
  return { ...testApp, sql, month }
}

for (const [table, columns] of Object.entries({
  audit_log: { actor: 'cli:test', table_name: 'users', object_id: '1', action: 'create' },
  audit_requests: {
    request_id: 'r',
    actor: 'anonymous',
    outcome: 'ok',
    status: 200,
    duration_ms: 1,
    method: 'POST',
    url: '/',
    ip: '::1',
    rows_changed: 0,
    entries: 0,
  },
})) {
  t.test(`keeps, reports and moves rows of a month for which ${table} has no partition`, async (t) => {
    const { anonymous, sql, month } = await open(t)
    const readinessWith = (words: string) => readinessSaying(() => anonymous.request(readiness), words)
    const partition = `audit.${table}_${month.name}`
    t.match(await anonymous.request(readiness), {
      status: 200,
      body: { status: 'ready', checks: { audit: 'ok' } },
    })

    await sql.unsafe(`drop table ${partition}`)
    t.match(await readinessWith('no partition'), {
      status: 200,
      body: { status: 'degraded', checks: { audit: 'degraded: no partition for the next month' } },
    })
    const values = Object.values(columns).map((value) => `'${value}'`)
    const add = (when: Date) =>
      sql.unsafe(
        `insert into audit.${table} (id, created_at, ${Object.keys(columns)})
        values (uuid_v7($1::timestamptz), $1::timestamptz, ${values})`,
        [when.toISOString()],
      )
    await add(month.start)
    await add(new Date(Date.UTC(2001, 0, 1)))
    t.match(await readinessWith('default partition'), {
      status: 200,
      body: { status: 'degraded', checks: { audit: 'degraded: rows in the default partition' } },
    })

    const before = await sql.unsafe(`select * from audit.${table} order by id`)
    t.match(await sql`select audit.ensure_partitions() as made`, [{ made: 1 }])
    t.strictSame(await sql.unsafe(`select * from audit.${table} order by id`), before)
    t.equal((await sql.unsafe(`select from ${partition}`)).length, 1)
    t.equal(
      (await sql.unsafe(`select from audit.${table}_default`)).length,
      1,
      'a row older than every partition stays in the default one',
    )
    for (const statement of [
      `update ${partition} set actor = 'x'`,
      `delete from ${partition}`,
      `truncate ${partition}`,
    ])
      await t.rejects(sql.unsafe(statement), { code: '42501' }, statement)
    t.match(await sql`select audit.ensure_partitions() as made`, [{ made: 0 }])
  })
}
