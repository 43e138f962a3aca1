import { isOnThisMachine } from '../../scripts/db/development-database.js'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { generateSigningKeyPem } from '../../src/lib/auth/signing-keys.js'
import { parseDatabaseUrl } from '../../src/lib/database-url/index.js'
import { describeCatalog } from '../helpers/catalog.js'
import { connect, createEmptyDatabase } from '../helpers/database.js'
import { newDataDir, query } from '../helpers/embedded-dir.js'
import { run } from '../helpers/process.js'
import { startInTerminal, withoutTerminal } from '../helpers/terminal.js'
import t, { type Test } from '../tap.js'

const LEFTOVERS = `
  create table public.left_over (id int primary key, at text collate "C");
  create view public.seen as select * from left_over;
  create type public.pair as (a int, b int);
  create domain public.short as text check (length(value) < 5);
  create sequence public.numbers;
  create statistics public.correlation on id, at from left_over;
  create function public.answer(int) returns int language sql as 'select 42';
  create schema "another branch's";
  create table "another branch's".tables (id public.short);`

const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.example.com',
  REDIS_URL: 'redis://127.0.0.1',
  SMTP_URL: 'smtp://127.0.0.1',
  JWT_PRIVATE_KEYS: generateSigningKeyPem(),
}

async function createDatabase(t: Test) {
  const database = await createEmptyDatabase(t)
  const prepare = () => prepareDatabase({ migrationUrl: database.url, appRole: database.appRole })
  await prepare()
  await database.sql.end()
  const env = { CONFIG_FILE: 'off', DATABASE_URL: database.appUrl, DATABASE_MIGRATION_URL: database.url }
  const reset = (args: string[] = [], others: NodeJS.ProcessEnv = {}) =>
    run(t, ['npm', 'run', '--silent', 'db:reset', '--', ...args], { env: { ...env, ...others } })
  return { ...database, env, prepare, reset }
}

const rowsOf = async (url: string) => (await query(url, 'select from users')).length
const insertUser = (url: string) =>
  query(url, `insert into users (email, first_name, last_name) values ('a@example.com', 'A', 'B')`)

t.test('drops everything and migrates again', async (t) => {
  const { url, appRole, reset } = await createDatabase(t)
  const catalogOf = async () => {
    const sql = connect(t, url)
    const catalog = await describeCatalog(sql)
    await sql.end()
    return catalog
  }
  const before = await catalogOf()
  await query(url, LEFTOVERS)
  await insertUser(url)
  t.match(await reset(['--yes']), { code: 0, stdout: /^Dropped everything, and applied \d+ migrations/ })
  t.equal(await rowsOf(url), 0)
  t.strictSame(await catalogOf(), before, `${appRole} has its rights, and nothing else is left`)
})

t.test('changes nothing without a confirmation, in production, or under a running program', async (t) => {
  const { url, env, prepare, reset } = await createDatabase(t)
  await insertUser(url)
  const { database, places } = parseDatabaseUrl(url)
  const place = `the database ${database} at ${places[0].host}:${places[0].port}`
  const refuses = async (line: string, args: string[] = [], others: NodeJS.ProcessEnv = {}) =>
    t.strictSame(await reset(args, others), { code: 1, signal: null, stdout: '', stderr: `db: ${line}\n` })

  await refuses(`this drops everything in ${place}: without a terminal to ask in, confirm it with --yes`)
  await refuses('npm run db:reset is not for NODE_ENV=production', ['--yes'], { NODE_ENV: 'production' })

  const client = connect(t, url, { application_name: 'a client' })
  await client`select`
  await refuses(
    `a client uses ${place}: end that first (npm run dev, or a database client). Nothing was changed`,
    ['--yes'],
  )
  await client.end()

  const marked = await run(t, ['node', '--import', 'tsx', 'scripts/db.ts', 'upgrade'], {
    env: { ...env, ...PRODUCTION },
  })
  t.match(marked, { code: 0, stderr: '' })
  await prepare()
  await refuses(
    `npm run db:reset refuses ${place}, which production has migrated, as the comment on its schema drizzle says`,
    ['--yes'],
  )
  t.equal(await rowsOf(url), 1)
})

t.test('asks in a terminal', { skip: withoutTerminal }, async (t) => {
  const { url, env } = await createDatabase(t)
  await insertUser(url)
  const answerWith = async (keys: string) => {
    const terminal = startInTerminal(t, 'node --import tsx scripts/db.ts reset', env)
    // A long question is wrapped.
    await terminal.answer(/Drop everything in the database[^?]+ at[^?]+ drizzle, jobs\)\?/, keys)
    return terminal.ended
  }
  t.match(await answerWith('\r'), { code: 0, stdout: /Nothing was changed\./ })
  t.match(await answerWith('\u0003'), { code: 0, stdout: /Nothing was changed\./ })
  t.equal(await rowsOf(url), 1)
  t.match(await answerWith('y\r'), { code: 0, stdout: /Dropped everything/ })
  t.equal(await rowsOf(url), 0)
})

t.test('resets the embedded database', async (t) => {
  const env = { CONFIG_FILE: 'off', DATA_DIR: `${newDataDir(t)}/..` }
  const reset = await run(t, ['node', '--import', 'tsx', 'scripts/db.ts', 'reset', '--yes'], { env })
  t.match(reset, { code: 0, stderr: '', stdout: /^Dropped everything, and applied \d+ migrations/ })
})

t.test('takes only this machine for local, where --yes skips the question', async (t) => {
  const isLocal = (authority: string) => isOnThisMachine({ migrationUrl: `postgres://me@${authority}` })
  for (const authority of ['localhost/app', '127.0.0.1:5433/app', '[::1]/app', '/app?host=/run/postgresql'])
    t.ok(isLocal(authority), authority)
  for (const authority of ['db.example.com/app', '10.0.0.7/app', 'localhost,db.example.com/app'])
    t.notOk(isLocal(authority), authority)
})
