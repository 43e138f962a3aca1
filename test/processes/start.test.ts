import { connect, createEmptyDatabase, createTestDatabase } from '../helpers/database.js'
import { ends, newDataDir, serverOf } from '../helpers/embedded-dir.js'
import { occupyPort } from '../helpers/ports.js'
import { runServer } from '../helpers/server.js'
import t, { type Test } from '../tap.js'

/** Checks that the process exits with exactly this text: no stack, no further line, no password. */
async function refuses(t: Test, env: NodeJS.ProcessEnv, line: RegExp | string) {
  const { stdout, ...ended } = await runServer(t, { env })
  t.match(ended, { code: 1, signal: null })
  if (typeof line === 'string') t.equal(ended.stderr, `${line}\n`)
  else t.match(ended.stderr, line)
  t.notMatch(ended.stderr, /\n\s+at |hunter2/)
  t.notMatch(stdout, /listening at/)
}

t.test(
  'a port in use ends the process immediately with one line and leaves no database running',
  async (t) => {
    const PORT = await occupyPort(t)
    const dataDir = newDataDir(t)
    const env = { PORT, DATA_DIR: `${dataDir}/..`, SHUTDOWN_DRAIN_SECONDS: '300' }
    await refuses(t, env, `Port ${PORT} of 127.0.0.1 is in use: stop what uses it, or set PORT to another.`)
    t.ok(await ends(serverOf(dataDir)))
  },
)

t.test('names an address that does not belong to this machine', async (t) => {
  const { url } = await createTestDatabase(t)
  const env = { DATABASE_URL: url, HOST: '192.0.2.1' }
  await refuses(t, env, 'HOST is 192.0.2.1, which is not an address of this machine.')
})

t.test('reports every mistake in the configuration and starts nothing', async (t) => {
  const env = {
    PORT: 'http',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://ada:hunter2@host/db',
    TRUST_PROXY: 'true',
  }
  await refuses(
    t,
    env,
    /^The configuration has 4 mistakes:\n- PORT must be .*\n- TRUST_PROXY must be .*\n- DATABASE_URL must be .*\n- LOG_LEVEL must be .*\n$/,
  )
})

t.test('reports an unwritable log file in one line', async (t) => {
  const folder = t.testdir({ file: '', folder: {} })
  const mistake = (path: string, reason: string) =>
    `The configuration has a mistake:\n- LOG_FILE_PATH names ${path}, which cannot be written (${reason}).`
  const below = `${folder}/file/logs/app.log`
  await refuses(t, { LOG_FILE_PATH: below }, mistake(below, 'ENOTDIR'))
  await refuses(t, { LOG_FILE_PATH: `${folder}/folder` }, mistake(`${folder}/folder`, 'it is not a file'))
})

t.test('reports an unreachable database in one line without the password', async (t) => {
  const env = { DATABASE_URL: 'postgres://ada:hunter2@127.0.0.1:1/nothing' }
  await refuses(t, env, 'cannot connect to database nothing at 127.0.0.1:1: ECONNREFUSED')
})

t.test('points a database without the migrations to db:upgrade', async (t) => {
  const { appUrl } = await createEmptyDatabase(t)
  const env = { DATABASE_URL: appUrl }
  await refuses(t, env, 'The database has none of the migrations: run npm run db:upgrade')
})

t.test('points a role without privileges to db:upgrade', async (t) => {
  const { url, ownerUrl, appRole } = await createTestDatabase(t)
  if (url === ownerUrl) return
  const sql = connect(t, ownerUrl)
  await sql`revoke all on drizzle.migrations from ${sql(appRole)}`
  const advice = 'run npm run db:upgrade, which gives the role of DATABASE_URL its rights'
  await refuses(t, { DATABASE_URL: url }, `permission denied for table migrations: ${advice}`)
})

t.test('refuses to serve with an incomplete audit log', async (t) => {
  const { url, ownerUrl } = await createTestDatabase(t)
  await connect(t, ownerUrl)`drop trigger audit_capture on users`
  const env = { DATABASE_URL: url }
  await refuses(t, env, 'users: the audit trigger is missing. Run: npm run db:upgrade')
})
