import { dirname } from 'node:path'
import { isRunning } from '../../src/embedded-postgres/process-identity.js'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { startBreachServer } from '../helpers/breaches.js'
import { bundled } from '../helpers/bundle.js'
import { createEmptyDatabase } from '../helpers/database.js'
import { newDataDir, serverOf } from '../helpers/embedded-dir.js'
import { startProcess } from '../helpers/process.js'
import { startInTerminal, withoutTerminal } from '../helpers/terminal.js'
import t, { type Test } from '../tap.js'

const COMMAND = await bundled('scripts/create-user.ts')
const NAMES = ['--first-name', 'Ada', '--last-name', 'Lovelace']
const CTRL_C = '\u0003'
const CTRL_U = '\u0015'

type Flags = { args?: string[]; env?: NodeJS.ProcessEnv; password?: string | Buffer }

/** Runs the command without a terminal, as another program would. */
function createUser(t: Test, { args = [], env = {}, password = '' }: Flags) {
  const script = startProcess(t, [...COMMAND, ...args], {
    env: { CONFIG_FILE: 'off', ...env },
    stdin: 'pipe',
  })
  script.child.stdin?.end(password)
  return script.ended
}

t.test('creates a user from flags as the API does, and the user can sign in', async (t) => {
  const { anonymous, signUp, database } = await buildTestApp(t)
  const env = { DATABASE_URL: database.url }
  const args = ['--email', 'Ada@Example.com', ...NAMES, '--password-stdin']
  const made = await createUser(t, {
    env,
    args: [...args, '--role', 'user', '--json'],
    password: `${PASSWORD}\n`,
  })
  t.match(made, { code: 0, stderr: '' })
  const user = JSON.parse(made.stdout)
  const admin = await signUp({ role: 'super_admin' })
  t.strictSame(user, (await admin.get(`/users/${user.id}`)).body)
  t.match(user, { email: 'ada@example.com', role: 'user', status: 'active', emailVerifiedAt: /Z$/ })
  await anonymous.signIn('ada@example.com', PASSWORD)
  const { body } = await admin.get(`/audit-logs?tableName=users&objectId=${user.id}`)
  t.match(body.data, [{ action: 'create', actor: 'cli:create-user', userId: null, requestId: null }])

  const again = await createUser(t, { env, args, password: PASSWORD })
  t.match(again, {
    code: 1,
    stdout: '',
    stderr: 'create-user: This e-mail address already has an account.\n',
  })
  const bob = { env, args: ['--email', 'bob@example.com', ...args.slice(2)], password: PASSWORD }
  t.match(await createUser(t, bob), {
    code: 0,
    stdout: /^Created bob@example.com \(user\), id [0-9a-f-]{36}\n$/,
  })
})

t.test('a mistake prints one line and creates no user', async (t) => {
  const { signUp, database } = await buildTestApp(t)
  const empty = await createEmptyDatabase(t)
  const all = ['--email', 'ada@example.com', ...NAMES, '--password-stdin']
  const mistakes: [line: RegExp, Flags][] = [
    [/without a terminal, .* --email, --first-name, --last-name, --password-stdin$/, {}],
    [/without a terminal, .* required: --password-stdin$/, { args: all.slice(0, -1) }],
    [/^create-user: Unknown option '--admin'$/, { args: [...all, '--admin'] }],
    [/^create-user: Unexpected argument 'ada'$/, { args: [...all, 'ada'] }],
    [/'--email <value>' argument missing$/, { args: ['--email'] }],
    [
      /--email must be .*; --first-name must .*; --role must be super_admin or user; --password-stdin must .* 12 to 128/,
      {
        args: [
          '--email',
          'a@b',
          '--first-name',
          ' ',
          '--last-name',
          'B',
          '--role',
          'boss',
          '--password-stdin',
        ],
        password: 'short',
      },
    ],
    [/too easy to guess/, { args: all, password: 'password12345' }],
    [/too easy to guess: it contains your name/, { args: all, password: 'a fine lovelace sentence' }],
    [
      /stolen from other services/,
      {
        args: all,
        password: 'a sentence that was stolen',
        env: { BREACHED_PASSWORDS_URL: (await startBreachServer(t, ['a sentence that was stolen'])).url },
      },
    ],
    [/is not UTF-8$/, { args: all, password: Buffer.alloc(16, 0xff) }],
    [/12 to 128 characters$/, { args: all, password: 'endless'.repeat(10_000) }],
    [
      /cannot connect to database c at 127.0.0.1:1: ECONNREFUSED$/,
      { args: all, env: { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' } },
    ],
    [
      /lacks migrations \(0001_.*\): run npm run db:upgrade$/,
      { args: all, env: { DATABASE_URL: empty.url } },
    ],
  ]
  for (const [line, flags] of mistakes) {
    const options = { password: PASSWORD, ...flags, env: { DATABASE_URL: database.url, ...flags.env } }
    const { code, stdout, stderr } = await createUser(t, options)
    t.strictSame(
      { code, stdout, lines: stderr.split('\n').length - 1 },
      { code: 1, stdout: '', lines: 1 },
      stderr,
    )
    t.match(stderr.trim(), line)
  }
  const admin = await signUp({ role: 'super_admin' })
  t.equal((await admin.get('/users')).body.data.length, 1)
})

t.test('--help prints the usage', async (t) => {
  t.match(await createUser(t, { args: ['--help'] }), {
    code: 0,
    stderr: '',
    stdout: /^Usage: .*--password-stdin /s,
  })
})

t.test(
  'asks for missing values in a terminal until the answers are valid and the address is free',
  {
    skip: withoutTerminal,
  },
  async (t) => {
    const { anonymous, signUp, database } = await buildTestApp(t)
    await signUp({ email: 'bob@example.com' })
    const env = { CONFIG_FILE: 'off', DATABASE_URL: database.url }
    const taken = startInTerminal(t, 'npm run --silent create-user -- --email Bob@example.com', env)
    t.match(await Promise.race([taken.ended, taken.says(/First name/)]), {
      code: 1,
      stdout: /^create-user: This e-mail address already has an account\.\r\n$/,
    })

    const { answer, ended } = startInTerminal(t, [...COMMAND, '--last-name', 'Lovelace'].join(' '), env)
    await answer(/E-mail address/, 'ada\r')
    await answer(/must be an e-mail address/, `${CTRL_U} Bob@Example.com \r`)
    await answer(/already has an account/, `${CTRL_U}ada@example.com\r`)
    await answer(/First name/, 'Ada\r')
    await answer(/Role/, '\r')
    await answer(/Password/, 'password12345\r')
    await answer(/too easy to guess/, `${CTRL_U}${PASSWORD}\r`)
    await answer(/Repeat the password/, `${PASSWORD}!\r`)
    await answer(/passwords differ[\s\S]*Password/, `${PASSWORD}\r`)
    await answer(/passwords differ[\s\S]*Repeat the password/, `${PASSWORD}\r`)
    const { code, stdout } = await ended
    t.equal(code, 0)
    t.match(stdout, /Created ada@example.com \(user\), id/)
    t.notMatch(stdout, new RegExp(`Last name|password12345|${PASSWORD}`), 'the password is never shown')
    t.match((await anonymous.signIn('ada@example.com', PASSWORD)).user, { email: 'ada@example.com' })
  },
)

t.test(
  'Ctrl-C at a question ends quietly, and the embedded database with it',
  {
    skip: withoutTerminal,
  },
  async (t) => {
    const dataDir = newDataDir(t)
    const env = { CONFIG_FILE: 'off', DATA_DIR: dirname(dataDir) }
    const { says, answer, ended } = startInTerminal(t, COMMAND.join(' '), env)
    await says(/E-mail address/)
    const server = serverOf(dataDir)
    t.ok(isRunning(server))
    await answer(/E-mail address/, CTRL_C)
    const { code, stdout } = await ended
    t.equal(code, 130)
    t.notMatch(stdout, /Error|force|\n\s+at /)
    t.notOk(isRunning(server))

    const args = ['--email', 'ada@example.com', ...NAMES, '--password-stdin', '--json']
    const made = await createUser(t, { env, args, password: PASSWORD })
    t.match(
      JSON.parse(made.stdout),
      { role: 'user', status: 'active' },
      'the command migrates the database itself',
    )
    t.notOk(isRunning(serverOf(dataDir)))
  },
)
