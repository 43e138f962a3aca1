import { join } from 'node:path'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { connectAcrossOrganizations, createTestDatabase } from '../helpers/database.js'
import { newDataDir } from '../helpers/embedded-dir.js'
import { moved } from '../helpers/moved.js'
import { run } from '../helpers/process.js'
import { signInAt, startServer } from '../helpers/server.js'
import t, { type Test } from '../tap.js'

const PASSWORD = 'a password for samples'

async function createDatabase(t: Test) {
  const database = await createTestDatabase(t)
  const env = {
    CONFIG_FILE: 'off',
    DATA_DIR: join(newDataDir(t), '..'),
    DATABASE_URL: database.url,
    DATABASE_MIGRATION_URL: database.ownerUrl,
  }
  const seed = (others: NodeJS.ProcessEnv = {}) =>
    run(t, ['npm', 'run', '--silent', 'db:seed'], { env: { ...env, ...others } })
  return { ...database, seed, sql: connectAcrossOrganizations(t, database.ownerUrl) }
}

t.test('adds users who can sign in, and every change is in the audit log', async (t) => {
  const { url, seed, sql } = await createDatabase(t)
  const seeded = await seed()
  t.match(seeded, { code: 0, stderr: '' })
  t.match(seeded.stdout, /^Created 7 users and 3 organizations\.\n/)
  t.match(
    seeded.stdout,
    / mary@example\.com +user, org_admin of Analytical Engines, org_admin of Orbit Press\n/,
  )
  t.match(seeded.stdout, new RegExp(`password "${PASSWORD}"`))

  const count = async (table: string) => (await sql`select from ${sql(table)}`).length
  const entries = await moved(sql)<{ table: string; entries: number; objects: number }[]>`
    select table_name as table, count(*)::int as entries, count(distinct object_id)::int as objects
    from audit.audit_log where actor = 'cli:db-seed' group by 1`
  for (const table of ['users', 'sessions', 'organizations', 'memberships', 'invitations'])
    t.ok(entries.find((each) => each.table === table)?.objects, `${table} has entries`)
  t.equal(await count('memberships'), entries.find(({ table }) => table === 'memberships')?.objects)
  t.equal((await moved(sql)`select from audit.audit_log where actor <> 'cli:db-seed'`).length, 0)
  t.match(await sql`select email from invitations`, [{ email: 'katherine@example.com' }])
  t.match(await sql`select status from users group by 1 order by 1`, [
    { status: 'active' },
    { status: 'pending' },
    { status: 'disabled' },
  ])

  const server = await startServer(t, { env: { DATABASE_URL: url } })
  for (const email of ['grace@example.com', 'ada@example.com'])
    t.ok((await signInAt(server.url, { email, password: PASSWORD })).accessToken, `${email} signs in`)
})

t.test('changes nothing the second time, and refuses a part of the sample', async (t) => {
  const { seed, sql } = await createDatabase(t)
  const first = await seed()
  const entries = async () => (await moved(sql)`select from audit.audit_log`).length
  const before = await entries()
  const second = await seed()
  t.match(second, { code: 0, stderr: '' })
  t.equal(
    second.stdout,
    first.stdout.replace(/^.*/, 'The sample data is there already, and nothing was changed.'),
  )
  t.equal(await entries(), before)

  // The last one of a run.
  await sql`delete from users where email = 'joan@example.com'`
  t.match(await seed(), {
    code: 1,
    stdout: '',
    stderr: /^db: a part of the sample data is there \(grace@.*db:reset first\n$/,
  })
  t.equal(await entries(), before + 1)
})

t.test('refuses production', async (t) => {
  const { seed, sql, ownerUrl, appRole } = await createDatabase(t)
  t.match(await seed({ NODE_ENV: 'production' }), {
    code: 1,
    stderr: /db:seed is not for NODE_ENV=production/,
  })
  await prepareDatabase({ migrationUrl: ownerUrl, appRole, isProduction: true })
  t.match(await seed(), { code: 1, stderr: /^db: npm run db:seed refuses .*, which production has migrated/ })
  t.equal((await sql`select from users`).length, 0)
})
