import { generateSigningKeyPem } from '../../src/lib/auth/signing-keys.js'
import { type BuiltProgram, buildProgram } from '../helpers/built.js'
import { connect, createTestDatabase, type TestDatabase } from '../helpers/database.js'
import { occupyPort } from '../helpers/ports.js'
import { openProxy } from '../helpers/proxy.js'
import t, { type Test } from '../tap.js'

// The tests wait for deadlines to expire.
t.setTimeout(400_000)

type Program = 'spawnServer' | 'spawnWorker'
const BOTH: Program[] = ['spawnServer', 'spawnWorker']

/**
 * Checks that a start fails with the reason as its only line, so that it is easy to find in
 * repeated restarts.
 */
async function refuses(
  t: Test,
  program: BuiltProgram,
  env: NodeJS.ProcessEnv,
  line: RegExp,
  entries = BOTH,
): Promise<void> {
  await Promise.all(
    entries.map(async (entry) => {
      const { code, signal, stdout, stderr } = await program[entry](env).ended
      t.match({ code, signal, stderr }, { code: 1, signal: null, stderr: line }, `${entry}: ${line.source}`)
      t.equal(stderr.trimEnd().split('\n').length, 1, `${entry} prints one line`)
      t.notMatch(stdout + stderr, /hunter2/, 'prints no secret')
      t.notMatch(stdout, /listening at|waiting for jobs/)
    }),
  )
}

const changed = ({ url }: TestDatabase, changes: Partial<URL>): NodeJS.ProcessEnv => ({
  DATABASE_URL: Object.assign(new URL(url), changes).href,
})

const CANNOT = '^cannot connect to database'

t.test('a database that refuses the connection is reported in one line', async (t) => {
  const database = await createTestDatabase(t)
  const program = await buildProgram(t, database, {})
  const { host } = new URL(database.url)
  await refuses(
    t,
    program,
    changed(database, { pathname: '/nobody_made_it' }),
    RegExp(`${CANNOT} nobody_made_it at ${host}: database "nobody_made_it" does not exist\n$`),
  )
  await refuses(
    t,
    program,
    changed(database, { username: 'nobody', password: 'hunter2' }),
    RegExp(
      `${CANNOT} \\S+ at ${host}: (role "nobody" does not exist|password .* failed for user "nobody")\n$`,
    ),
  )
  await refuses(
    t,
    program,
    changed(database, { hostname: 'nowhere.invalid', password: 'hunter2' }),
    RegExp(`${CANNOT} \\S+ at nowhere\\.invalid:\\d+: (ENOTFOUND|EAI_AGAIN)\n$`),
  )
})

t.test('a database that is away or silent is reported in one line, and found when it is back', async (t) => {
  const database = await createTestDatabase(t)
  const program = await buildProgram(t, database, {})
  const away = async () => {
    const proxy = await openProxy(t, database.url)
    const env = { DATABASE_URL: proxy.url }
    const { host } = new URL(proxy.url)
    await proxy.close()
    await refuses(t, program, env, RegExp(`${CANNOT} \\S+ at ${host}: ECONNREFUSED\n$`))
    await proxy.open()
    proxy.freeze()
    await refuses(t, program, env, RegExp(`${CANNOT} \\S+ at ${host}: CONNECT_TIMEOUT\n$`))
    proxy.thaw()
    await Promise.all([program.startServer(env), program.startWorker(env)])
  }
  /** Accepts connections and then does not answer. */
  const silent = async (table: string, env: NodeJS.ProcessEnv, entries?: Program[]) => {
    const { url, ownerUrl } = await createTestDatabase(t)
    const line = RegExp(`^the database at ${new URL(url).host} does not answer in time\n$`)
    await connect(t, ownerUrl).begin(async (tx) => {
      await tx.unsafe(`lock table ${table} in access exclusive mode`)
      await refuses(t, program, { DATABASE_URL: url, ...env }, line, entries)
    })
  }
  await Promise.all([
    away(),
    silent('drizzle.migrations', {}),
    silent('access_revocations', {}, ['spawnServer']),
    silent('access_revocations', { DATABASE_STATEMENT_TIMEOUT_MS: '500' }, ['spawnServer']),
  ])
})

t.test('every other obstacle to a start is reported in one line', async (t) => {
  const database = await createTestDatabase(t)
  const program = await buildProgram(t, database, {})
  const port = await occupyPort(t)
  const inUse = RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use`)
  await refuses(t, program, { PORT: port }, inUse, ['spawnServer'])
  await refuses(t, program, { METRICS_PORT: port }, inUse, ['spawnServer'])
  await refuses(t, program, { WORKER_METRICS_PORT: port }, inUse, ['spawnWorker'])

  const file = `${t.testdir({ file: '' })}/file`
  await refuses(t, program, { DATABASE_URL: '', DATA_DIR: file }, /^\S.* cannot .*DATA_DIR.*\n$/)

  const redis = { REDIS_URL: 'redis://:hunter2@127.0.0.1:1' }
  await refuses(t, program, redis, /^Redis does not answer at 127\.0\.0\.1:1: .*\n$/, ['spawnWorker'])

  const production = {
    ...{ NODE_ENV: 'production', DATABASE_URL: database.adminUrl, ...redis },
    ...{ SMTP_URL: 'smtp://127.0.0.1:1', PUBLIC_URL: 'https://api.example.com', HOST: '127.0.0.1' },
    JWT_PRIVATE_KEYS: generateSigningKeyPem().replaceAll('\n', '\\n'),
  }
  await refuses(t, program, production, /^The role of DATABASE_URL is a superuser or has BYPASSRLS/, [
    'spawnServer',
  ])

  await connect(t, database.ownerUrl)`alter table organizations disable row level security`
  await refuses(t, program, {}, /^organizations has no row-level security\. Run: npm run db:upgrade\n$/)
})
