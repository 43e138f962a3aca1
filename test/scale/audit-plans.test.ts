import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { createDatabaseClient, type Db } from '../../src/db/driver/client.js'
import { listAuditEntries } from '../../src/db/queries/audit/audit-log.js'
import { getObjectState } from '../../src/db/queries/audit/audit-state.js'
import { clientOptions } from '../helpers/audit.js'
import { FILLED, fillAuditLog } from '../helpers/audit-entries.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import t from '../tap.js'

const ENTRIES = 1_000_000
/**
 * The most that all statements of a first page may read together. The worst case is a common field
 * that a table of medium size rarely changes.
 */
const MOST = { rows: 60_000, pages: 12_000 }

type Filters = Omit<Parameters<typeof listAuditEntries>[1], 'limit' | 'sort'>
type Statement = { text: string; params: unknown[] }
type Plan = {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Plan[]
}

const database = await createTestDatabase(t)
await fillAuditLog(database.ownerUrl, ENTRIES)
const sql = postgres(database.url, { max: 1, onnotice: () => {}, fetch_types: false })
t.teardown(() => sql.end())

/** Runs the application's queries and records their statements. */
const sent: Statement[] = []
const db = drizzle(sql, {
  logger: { logQuery: (text, params) => sent.push({ text, params }) },
}) as unknown as Db

async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  sent.length = 0
  await work()
  // Not the statements that move new entries.
  return sent.filter(({ text }) => text.includes('audit_log'))
}

const quote = (param: unknown): string =>
  param === null ? 'null' : `'${String(param).replaceAll("'", "''")}'`

/**
 * The plan of PostgreSQL for these values, with measured rows, or with `prepared` its plan for any
 * values.
 */
async function explain({ text, params }: Statement, { prepared = false } = {}): Promise<Plan> {
  await sql.unsafe(`set plan_cache_mode = force_${prepared ? 'generic' : 'custom'}_plan`)
  await sql.unsafe(`prepare statement as ${text}`)
  const how = prepared ? 'format json' : 'analyze, buffers, format json'
  const [row] = await sql.unsafe(`explain (${how}) execute statement (${params.map(quote)})`)
  await sql.unsafe('deallocate statement')
  return row?.['QUERY PLAN'][0].Plan
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)

/** The number of entries read, including those that a filter removed. */
const rowsRead = (plan: Plan): number =>
  sum(
    nodesOf(plan)
      .filter((node) =>
        ['Index Scan', 'Index Only Scan', 'Bitmap Heap Scan', 'Seq Scan'].includes(node['Node Type']),
      )
      .map((node) => (node['Actual Rows'] + removedBy(node)) * node['Actual Loops']),
  )

const removedBy = (node: Plan): number =>
  (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)

const pagesRead = (plan: Plan): number => plan['Shared Hit Blocks'] + plan['Shared Read Blocks']

const owner = connect(t, database.ownerUrl)
/** Tables with at least one page; empty ones may be read sequentially. */
const filled = await owner<
  { name: string }[]
>`select relname as name from pg_class where relpages > 0 and relkind = 'r'`
const seqScans = (plan: Plan): string[] =>
  nodesOf(plan)
    .filter((node) => node['Node Type'] === 'Seq Scan')
    .flatMap((node) => filled.flatMap(({ name }) => (name === node['Relation Name'] ? name : [])))

const [sample] = await owner<{ objectId: string; requestId: string; organizationId: string; time: Date }[]>`
  select object_id as "objectId", request_id as "requestId", organization_id as "organizationId", created_at as time
  from audit.audit_log where organization_id is not null and user_id is not null order by id offset 400000 limit 1`
const { objectId = '', requestId = '', organizationId = '', time = new Date() } = sample ?? {}
const { tables, fields, busyUser, quietUser, oldField, oldTable } = FILLED
const UNKNOWN_ID = '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60'

const SEARCHES: Filters[] = [
  {},
  ...[tables.most, tables.middle, tables.least, oldTable, 'nothing'].map((tableName) => ({ tableName })),
  ...[objectId, 'nothing'].map((objectId) => ({ objectId })),
  ...[busyUser, quietUser, UNKNOWN_ID].map((userId) => ({ userId })),
  ...[organizationId, UNKNOWN_ID].map((organizationId) => ({ organizationId })),
  ...(['create', 'update', 'delete'] as const).map((action) => ({ action })),
  ...[requestId, 'nothing'].map((requestId) => ({ requestId })),
  ...[fields.most, fields.middle, fields.least, oldField, 'nothing'].map((changed) => ({ changed })),
  { from: time },
  { to: time },
  { from: time, to: new Date(time.getTime() + 86_400_000) },
  { tableName: tables.most, objectId },
  { tableName: tables.most, userId: busyUser },
  { tableName: tables.least, userId: busyUser },
  { tableName: tables.most, action: 'delete' },
  { tableName: tables.middle, action: 'create' },
  { tableName: oldTable, action: 'delete' },
  { tableName: tables.most, changed: fields.middle },
  { tableName: tables.most, changed: fields.least },
  { tableName: tables.least, changed: fields.most },
  { tableName: tables.middle, changed: oldField },
  { tableName: tables.middle, from: time },
  { userId: busyUser, action: 'delete' },
  { userId: busyUser, from: time, to: new Date(time.getTime() + 86_400_000) },
  { userId: quietUser, changed: fields.least },
  { organizationId, tableName: tables.most },
  { organizationId, action: 'delete' },
  { organizationId, changed: fields.least },
  { changed: fields.least, to: time },
  { requestId, tableName: tables.most },
]

t.test(`reads the first page of each search of ${ENTRIES} entries from an index`, async (t) => {
  for (const filters of SEARCHES) {
    for (const sort of ['-createdAt', 'createdAt'] as const) {
      const name = `${JSON.stringify(filters)} ${sort}`
      const statements = await statementsOf(() => listAuditEntries(db, { ...filters, sort, limit: 20 }))
      const plans: Plan[] = []
      for (const statement of statements) plans.push(await explain(statement))
      t.strictSame(plans.flatMap(seqScans), [], `${name}: no sequential scan`)
      const rows = sum(plans.map(rowsRead))
      const pages = sum(plans.map(pagesRead))
      if (process.env.SHOW) console.error(rows, pages, statements.length, name)
      t.ok(rows <= MOST.rows, `${name}: ${rows} rows`)
      t.ok(pages <= MOST.pages, `${name}: ${pages} pages`)
      for (const statement of statements) {
        const plan = await explain(statement, { prepared: true })
        t.strictSame(seqScans(plan), [], `${name}: no sequential scan in a plan for any values`)
      }
    }
  }
})

t.test('reads the state of an object from an index', async (t) => {
  for (const at of [undefined, time, new Date(0)]) {
    const object = { tableName: tables.most, objectId }
    const statements = await statementsOf(() => getObjectState(db, object, at).catch(() => undefined))
    for (const statement of statements) {
      const plan = await explain(statement)
      t.strictSame(seqScans(plan), [])
      t.ok(rowsRead(plan) <= MOST.rows)
      t.strictSame(seqScans(await explain(statement, { prepared: true })), [])
    }
  }
})

t.test("plans the application's searches for their actual values", async (t) => {
  const client = createDatabaseClient(clientOptions(database.url, 1))
  t.teardown(client.close)
  await listAuditEntries(client.db, { changed: fields.middle, limit: 20, sort: 'createdAt' })
  await listAuditEntries(client.db, { userId: quietUser, limit: 20, sort: 'createdAt' })
  const kept = await client.db.execute<{ statement: string }>('select statement from pg_prepared_statements')
  t.strictSame(
    kept.filter(({ statement }) => /where .* and /s.test(statement)),
    [],
  )
})
