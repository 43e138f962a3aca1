import { openTestDatabases } from '../../scripts/test/databases.js'
import { quoteName } from '../../src/db/driver/quote.js'
import { changeDatabaseUrl } from '../../src/lib/database-url/index.js'
import { connect, testDatabases } from '../helpers/database.js'
import { run } from '../helpers/process.js'
import t from '../tap.js'

t.test(
  'two test runs on one server use only their own databases and remove those of killed runs',
  async (t) => {
    const { adminUrl, template } = testDatabases()
    const admin = connect(t, adminUrl)
    // The name contains a dot, which must not end it.
    const home = `${template}.home`
    const left = `${home}_test_deadbeef`
    for (const name of [home, left]) await admin.unsafe(`create database ${quoteName(name)}`)
    t.teardown(() => admin.unsafe(`drop database ${quoteName(home)} with (force)`))

    const url = changeDatabaseUrl(adminUrl, { database: home })
    const first = await openTestDatabases(url)
    const second = await openTestDatabases(url)
    const found = async () => {
      const rows = await admin<{ name: string }[]>`
      select datname as name from pg_database where starts_with(datname, ${`${home}_test`}) order by 1`
      return rows.map(({ name }) => name)
    }
    const templates = [first, second].map(({ databases }) => databases.template).sort()
    t.strictSame(await found(), templates)
    for (const { databases, close } of [first, second]) {
      const sql = connect(t, changeDatabaseUrl(databases.appUrl, { database: databases.template }))
      t.ok((await sql`select from users`).length === 0)
      await sql.end()
      await close()
    }
    t.strictSame(await found(), [])
  },
)

t.test('npm test with a role that may not create databases says so and ends', async (t) => {
  const { adminUrl, template } = testDatabases()
  const admin = connect(t, adminUrl)
  const user = `${template}_guest`
  await admin.unsafe(`create role ${quoteName(user)} login password 'guest'`)
  t.teardown(() => admin.unsafe(`drop role ${quoteName(user)}`))

  const env = { DATABASE_URL: changeDatabaseUrl(adminUrl, { user, password: 'guest' }) }
  const command = ['node', '--import', 'tsx', 'scripts/test.ts', 'test/lib/type.test.ts'] as const
  t.strictSame(await run(t, command, { env }), {
    code: 1,
    signal: null,
    stdout: '',
    stderr: `The tests create databases, which the role ${user} of DATABASE_URL may not: grant it CREATEDB, or name another role.\n`,
  })
})
