import { eq } from 'drizzle-orm'
import Fastify from 'fastify'
import type postgres from 'postgres'
import { databaseOptions } from '../../src/db/driver/client.js'
import { memberships } from '../../src/db/schema/memberships.js'
import { findTenancyProblems } from '../../src/db/tenancy/check.js'
import { MEMBERSHIP_QUERY } from '../../src/db/tenancy/enter.js'
import {
  acrossOrganizations,
  narrowTo,
  withOrganization,
  withPublicOrganization,
} from '../../src/db/tenancy/scopes.js'
import db from '../../src/plugins/infra/db.js'
import metrics from '../../src/plugins/infra/metrics.js'
import rowSecurity from '../../src/plugins/infra/row-security.js'
import { buildTestApp } from '../helpers/app.js'
import { connect } from '../helpers/database.js'
import { UNKNOWN_ID } from '../helpers/operations.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import { insertTenantRows } from '../helpers/tenant-rows.js'
import t from '../tap.js'

// With one connection, the next transaction would find whatever an earlier one left on it.
const { app, config, database, signUp } = await buildTestApp(t, { config: { DATABASE_POOL_MAX: 1 } })
const owner = connect(t, database.ownerUrl)
const [ada, grace] = [await signUp(), await signUp()]
const [ours, theirs] = [await createOrganization(ada), await createOrganization(grace)]
await addMember(app, ours, grace)

const caller = { userId: String(ada.user?.id), role: 'user' } as const
type Work = (tx: postgres.TransactionSql) => Promise<unknown>
const scoped = (connection: postgres.Sql, scope: string, work: Work) =>
  connection.begin(async (tx) => {
    await tx`select set_config('app.scope', ${scope}, true)`
    return work(tx)
  })
const invite = (tx: postgres.ISql, organizationId: string) => tx`
  insert into invitations (organization_id, email, role, token_hash, key_id, expires_at)
  values (${organizationId}, 'x@example.com', 'member', decode(md5(${organizationId}), 'hex'), 'x', now())`
const tenantTables = await owner<{ name: string; key: string }[]>`
  select relname as name, case relname when 'organizations' then 'id' else 'organization_id' end as key
  from pg_class c join pg_attribute on attrelid = c.oid
  where relnamespace = 'public'::regnamespace and relkind = 'r'
    and (attname = 'organization_id' or (relname = 'organizations' and attname = 'id'))`

/**
 * Inserts a row into every tenant table for each organization that `condition` selects as `o`,
 * except into `memberships`, which already has rows.
 */
const fill = (tx: postgres.ISql, condition: string) =>
  Promise.all(
    tenantTables
      .filter(({ name }) => !['organizations', 'memberships'].includes(name))
      .map(async ({ name }) => tx.unsafe(await insertTenantRows(tx, name, condition))),
  )
await scoped(owner, 'platform', (tx) => fill(tx, 'true'))

t.test('every tenant table has row-level security, and a start reports those without', async (t) => {
  for (const name of ['organizations', 'memberships', 'invitations'])
    t.ok(
      tenantTables.some((table) => table.name === name),
      name,
    )
  t.strictSame(await findTenancyProblems(owner), [])
  const problemsAfter = async (change: string) => {
    let problems: string[] = []
    const undone = owner.begin(async (tx) => {
      await tx.unsafe(change)
      problems = await findTenancyProblems(tx as unknown as postgres.Sql)
      throw new Error('undo')
    })
    await undone.catch(() => undefined)
    return problems
  }
  t.match(await problemsAfter('alter table memberships disable row level security'), [
    /^memberships has no row/,
  ])
  t.match(await problemsAfter('alter table memberships no force row level security'), [
    /^memberships .*owner/,
  ])
  t.match(await problemsAfter('create table unguarded (organization_id uuid)'), [/^unguarded has no row/])
  const bare =
    'create table unguarded (organization_id uuid); alter table unguarded enable row level security, force row level security'
  t.match(await problemsAfter(bare), [/^unguarded has no policy/])
})

t.test('every tenant table is empty without a scope, even for its owner', async (t) => {
  for (const connection of [connect(t, database.url), owner]) {
    for (const { name } of tenantTables) {
      t.equal((await connection.unsafe(`select from ${name}`)).count, 0, name)
      t.equal((await connection.unsafe(`delete from ${name}`)).count, 0, name)
      const all = await scoped(connection, 'platform', (tx) => tx.unsafe(`select from ${name}`))
      t.ok((all as { count: number }).count > 1, `${name} has a row of each organization`)
    }
    await t.rejects(invite(connection, ours.id), { code: '42501' })
    await t.rejects(connection`insert into organizations (name, slug) values ('Mine', 'mine')`, {
      code: '42501',
    })
    for (const odd of ['', 'organization:', 'user:', 'platform ', 'organisation:x', `user:${theirs.id}`])
      t.equal(
        ((await scoped(connection, odd, (tx) => tx`select from memberships`)) as postgres.RowList<[]>).count,
        0,
        odd,
      )
  }
})

t.test('the scope of one organization neither shows nor changes rows of another', async (t) => {
  const asApp = connect(t, database.url)
  const within = (work: Work) => scoped(asApp, `organization:${ours.id}`, work)
  for (const { name, key } of tenantTables) {
    const rows = (await within((tx) => tx.unsafe(`select ${key} as id from ${name}`))) as { id: string }[]
    t.strictSame([...new Set(rows.map(({ id }) => id))], [ours.id], name)
    const touched = await within((tx) => tx.unsafe(`delete from ${name} where ${key} = '${theirs.id}'`))
    t.equal((touched as { count: number }).count, 0, name)
    await t.rejects(
      within((tx) => tx.unsafe(`update ${name} set ${key} = '${theirs.id}'`)),
      { code: '42501' },
      name,
    )
  }
  await t.rejects(
    within((tx) => invite(tx, theirs.id)),
    { code: '42501' },
  )
})

t.test('users see their own memberships and organizations and change nothing', async (t) => {
  const asApp = connect(t, database.url)
  const within = (work: Work) => scoped(asApp, `user:${ada.user?.id}`, work)
  t.match(await within((tx) => tx`select id from organizations`), [{ id: ours.id }])
  t.match(await within((tx) => tx`select user_id from memberships`), [{ user_id: ada.user?.id }])
  t.equal(((await within((tx) => tx`select from invitations`)) as { count: number }).count, 0)
  t.equal(((await within((tx) => tx`update memberships set role = 'member'`)) as { count: number }).count, 0)
})

t.test('a query without its condition returns nothing, or only rows of the scope', async (t) => {
  t.strictSame(await app.db.select().from(memberships), [])
  const all = () =>
    withOrganization(app.db, caller, ours.id, 'members.read', ({ tx }) => tx.select().from(memberships))
  t.strictSame([...new Set((await all()).map((row) => row.organizationId))], [ours.id])
  t.strictSame(await app.db.select().from(memberships), [], 'a scope ends with its transaction')
  await acrossOrganizations(app.db, async (platform) => {
    const visible = async () =>
      (await platform.tx.select().from(memberships)).map((row) => row.organizationId)
    t.strictSame(new Set(await visible()), new Set([ours.id, theirs.id]))
    await narrowTo(platform, theirs.id)
    t.strictSame(new Set(await visible()), new Set([theirs.id]))
  })
})

t.test('a scope declared read-only cannot write, and a failed one leaves nothing', async (t) => {
  const change = (permission: 'members.read' | 'members.update') =>
    withOrganization(app.db, caller, ours.id, permission, async ({ tx }) => {
      await tx
        .update(memberships)
        .set({ role: 'member' })
        .where(eq(memberships.userId, String(grace.user?.id)))
      throw new Error('undo')
    })
  await t.rejects(change('members.read'), { cause: { code: '25006' } })
  await t.rejects(change('members.update'), { message: 'undo' })
})

t.test('a public route reads the rows of one existing organization, and writes nothing', async (t) => {
  const read = (id: string) =>
    withPublicOrganization(app.db, id, ({ tx, userId }) => {
      t.equal(userId, null)
      return tx.select().from(memberships)
    })
  t.strictSame([...new Set((await read(ours.id)).map((row) => row.organizationId))], [ours.id])
  await t.rejects(read(UNKNOWN_ID), { code: 'NOT_FOUND' })
  const write = withPublicOrganization(app.db, ours.id, ({ tx }) =>
    tx.update(memberships).set({ role: 'member' }),
  )
  await t.rejects(write, { cause: { code: '25006' } })
  const gone = await createOrganization(grace)
  t.equal((await grace.delete(gone.path)).status, 204)
  await t.rejects(read(gone.id), { code: 'NOT_FOUND' }, 'a deleted organization')
})

t.test(
  'a role that bypasses row-level security runs nothing in production and causes a warning elsewhere',
  async (t) => {
    const [rights] = await connect(
      t,
      database.adminUrl,
    )`select rolsuper from pg_roles where rolname = current_user`
    const start = async (url: string, isProduction: boolean) => {
      const warnings: string[] = []
      const logger = { level: 'warn', stream: { write: (line: string) => warnings.push(line) } }
      const server = Fastify({ logger })
      t.teardown(() => server.close())
      await server.register(metrics, { service: 'api', version: '0', METRICS_HOST: '127.0.0.1' })
      await server.register(db, databaseOptions(config, url, 'test'))
      await server.register(rowSecurity, { isProduction })
      await server.ready()
      return warnings
    }
    t.strictSame(await start(database.url, true), [])
    if (!rights?.rolsuper) return
    await t.rejects(start(database.adminUrl, true), /BYPASSRLS/)
    t.match(await start(database.adminUrl, false), [/BYPASSRLS/])
  },
)

t.test('scoped queries keep using their index under row-level security', async (t) => {
  await scoped(owner, 'platform', async (tx) => {
    await tx`insert into organizations (name, slug) select 'O', 'plan-' || n from generate_series(1, 3000) n`
    await tx`insert into memberships (organization_id, user_id, role)
      select id, ${String(grace.user?.id)}, 'org_admin' from organizations where slug like 'plan-%'`
    await fill(tx, "o.slug like 'plan-%'")
  })
  await owner`analyze`
  const asApp = connect(t, database.url)
  const planOf = async (scope: string, query: string) =>
    JSON.stringify(await scoped(asApp, scope, (tx) => tx.unsafe(`explain (format json) ${query}`)))
  for (const { name, key } of tenantTables) {
    const plan = await planOf(`organization:${ours.id}`, `select * from ${name} where ${key} = '${ours.id}'`)
    t.notMatch(plan, /Seq Scan/, name)
    t.match(plan, new RegExp(`"Index Cond":"\\(${key} = '`), name)
  }
  const own = `from memberships m join organizations o on o.id = m.organization_id where m.user_id = '${ada.user?.id}'`
  t.notMatch(await planOf(`user:${ada.user?.id}`, `select * ${own}`), /Seq Scan/)
  const literals = [`organization:${ours.id}`, ours.id, caller.userId]
  const lookUp = MEMBERSHIP_QUERY.replace(/\$(\d)/g, (_, n) => `'${literals[n - 1]}'`)
  const plan = await asApp.unsafe(`explain (format json) ${lookUp}`)
  t.notMatch(
    JSON.stringify(plan),
    /Seq Scan|Hash|Merge/,
    'the setting is evaluated before the tables that it opens',
  )
})
