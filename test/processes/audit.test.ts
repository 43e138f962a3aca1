import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type postgres from 'postgres'
import { parseAuditPublicKeys, parseAuditSigningKey } from '../../src/lib/audit/audit-keys.js'
import { commands } from '../../src/scripts/audit/commands.js'
import { UsageError } from '../../src/scripts/command-line/arguments.js'
import { openAuditTest } from '../helpers/audit.js'
import { attack } from '../helpers/audit-seals.js'
import { bundled } from '../helpers/bundle.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import { run } from '../helpers/process.js'
import { startInTerminal, withoutTerminal } from '../helpers/terminal.js'
import t, { type Test } from '../tap.js'

const COMMAND = await bundled('src/scripts/audit.ts')

/** The output of `npm run audit:keys`, which is in the form of an `.env` file. */
async function newKeys(t: Test, command: readonly [string, ...string[]] = [...COMMAND, 'keys']) {
  const { stdout } = await run(t, command)
  const [, kid = ''] = /^# Seals the audit log\. .+ Key id: (\S+)\n/.exec(stdout) ?? []
  const { AUDIT_SIGNING_KEY = '', AUDIT_PUBLIC_KEYS = '' } = parseEnv(stdout)
  return { kid, AUDIT_SIGNING_KEY, AUDIT_PUBLIC_KEYS }
}

/** Creates a role that can only read the audit schema and returns its URL. */
async function createAuditor(t: Test, admin: postgres.Sql, appUrl: string): Promise<string> {
  const url = new URL(appUrl)
  url.username = `${url.pathname.slice(1)}_auditor`
  url.password = randomBytes(16).toString('hex')
  const role = admin(url.username)
  await admin.unsafe(`create role "${url.username}" login password '${url.password}'`)
  await admin`grant usage on schema audit to ${role}`
  await admin`grant select on all tables in schema audit to ${role}`
  t.teardown(async () => {
    await admin`drop owned by ${role}`
    await admin`drop role ${role}`
  })
  return url.href
}

/** The commands as run by an operator, and by an auditor with read access and public keys only. */
async function createCli(t: Test) {
  const test = await openAuditTest(t)
  const { kid, AUDIT_PUBLIC_KEYS, AUDIT_SIGNING_KEY } = await newKeys(t)
  const { url: DATABASE_URL, ownerUrl: DATABASE_MIGRATION_URL } = test.database
  const operatorEnv = { CONFIG_FILE: 'off', DATABASE_URL, DATABASE_MIGRATION_URL, AUDIT_SIGNING_KEY }
  const npm = (script: string) => run(t, ['npm', 'run', '--silent', script], { env: operatorEnv })
  const audit = (command: string, env: NodeJS.ProcessEnv = {}) =>
    run(t, [...COMMAND, command], { env: { ...operatorEnv, ...env } })
  const admin = connect(t, test.database.adminUrl)
  const readOnlyUrl = await createAuditor(t, admin, DATABASE_URL)
  const auditorEnv = {
    CONFIG_FILE: 'off',
    DATA_DIR: t.testdir(),
    DATABASE_URL: readOnlyUrl,
    AUDIT_PUBLIC_KEYS,
  }
  const verify = (args: string[] = [], env: NodeJS.ProcessEnv = {}) =>
    run(t, [...COMMAND, 'verify', ...args], {
      env: { ...auditorEnv, ...env },
    })
  const sealAll = () =>
    eventually(async () => {
      await audit('seal')
      return (await verify()).stdout.includes('unsealed  0 entries')
    })
  return { ...test, admin, kid, auditorEnv, npm, audit, verify, sealAll }
}

t.test('verifies seals with public keys alone and exits with 1 for every change', async (t) => {
  const { addUser, admin, auditorEnv, npm, audit, verify, sealAll } = await createCli(t)
  t.match(await verify(), { code: 0, stdout: /head {6}none: nothing is sealed yet\n$/, stderr: '' })
  for (let i = 0; i < 3; i++) await addUser()
  t.match(await npm('audit:seal'), { code: 0, stdout: /^(Sealed 3 entries in 1 seal|Nothing to seal)\./ })
  await sealAll()
  t.match(await audit('seal'), { code: 0, stdout: 'Nothing to seal.\n', stderr: '' })
  const sound = await npm('audit:verify')
  t.match(sound, { code: 0, stderr: '' })
  const [, head = ''] =
    /^All sealed entries are unchanged\.\nverified {2}3 entries in \d seals?\nunsealed {2}0 entries\nhead {6}(\d:[0-9a-f]{64})\n$/.exec(
      sound.stdout,
    ) ?? []
  t.match(await verify(['--anchor', head]), { code: 0 })
  t.notOk(existsSync(join(auditorEnv.DATA_DIR, 'audit-key.pem')), 'verifying creates no key')

  const [row] = await moved(admin)<{ id: string }[]>`select id from audit.audit_log order by id limit 1`
  await attack(admin, `update audit.audit_log set actor = 'user' where id = '${row?.id}'`)
  const tampered = await verify()
  t.match(tampered, { code: 1, stderr: '' })
  t.match(tampered.stdout.split('\n'), [
    `modified audit_log ${row?.id}`,
    '1 finding: the audit log has changed since it was sealed.',
    /^verified {2}2 entries/,
  ])
  await attack(admin, 'delete from audit.audit_seals')
  t.match(await verify(), { code: 0, stdout: /unsealed {2}3 entries/ })
  t.match(await verify(['--anchor', head]), { code: 1, stdout: /^seal \d: the anchor names it/ })
})

t.test('names an unknown key by its id and verifies nothing without a key', async (t) => {
  const { addUser, kid, verify, sealAll } = await createCli(t)
  await addUser()
  await sealAll()
  const command = ['npm', 'run', '--silent', 'audit:keys'] as const
  const { AUDIT_PUBLIC_KEYS, AUDIT_SIGNING_KEY, kid: other } = await newKeys(t, command)
  t.equal(parseAuditSigningKey(AUDIT_SIGNING_KEY).kid, other)
  t.strictSame([...parseAuditPublicKeys(AUDIT_PUBLIC_KEYS).keys()], [other])
  t.match(await verify([], { AUDIT_PUBLIC_KEYS }), {
    code: 1,
    stdout: new RegExp(`^seal 1: it is signed with an unknown key ${kid}\n`),
  })
  t.match(await verify([], { AUDIT_PUBLIC_KEYS: '' }), {
    code: 1,
    stderr: 'audit: AUDIT_PUBLIC_KEYS is missing: there is no key to verify with.\n',
  })
})

t.test('shows a progress bar, on a terminal only', { skip: withoutTerminal }, async (t) => {
  const { addUser, auditorEnv, sealAll } = await createCli(t)
  await addUser()
  await sealAll()
  const terminal = startInTerminal(t, [...COMMAND, 'verify'].join(' '), auditorEnv)
  const { code, stdout } = await terminal.ended
  t.equal(code, 0)
  t.ok(stdout.includes(`${'█'.repeat(30)} 100 % of 1\r\u001B[KAll`))
})

t.test('seals nothing without a key in production, and creates a key elsewhere', async (t) => {
  const { auditorEnv, audit } = await createCli(t)
  const { DATA_DIR } = auditorEnv
  const none = { AUDIT_SIGNING_KEY: '', DATA_DIR }
  const production = {
    ...none,
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://api.example.com',
    REDIS_URL: 'redis://127.0.0.1',
    SMTP_URL: 'smtp://127.0.0.1',
    JWT_PRIVATE_KEYS: (await newKeys(t)).AUDIT_SIGNING_KEY,
  }
  t.strictSame(await audit('seal', production), {
    code: 1,
    signal: null,
    stdout: '',
    stderr: 'audit: AUDIT_SIGNING_KEY is missing: npm run audit:keys makes one.\n',
  })
  t.notOk(existsSync(join(DATA_DIR, 'audit-key.pem')))
  t.match(await audit('seal', none), { code: 0, stdout: 'Nothing to seal.\n' })
  t.ok(existsSync(join(DATA_DIR, 'audit-key.pem')))
  t.match(await audit('verify', none), { code: 0 }, 'the created key verifies')
})

t.test('answers an invalid command line with the usage and exit code 1', async (t) => {
  const unknown = await run(t, [...COMMAND, 'verfy'], {
    env: { CONFIG_FILE: 'off' },
  })
  t.match(unknown, {
    code: 1,
    stdout: '',
    stderr: /^audit: unknown command verfy\nUsage:\n {2}npm run audit:verify/,
  })
  const refusals: [string, string[], string][] = [
    ['verify', ['--anchor'], "Option '--anchor <value>' argument missing"],
    ['verify', ['--anchor', '7'], '--anchor must be <number>:<hash>'],
    ['verify', ['--anchor', `0:${'0'.repeat(64)}`], '--anchor must be <number>:<hash>'],
    ['verify', ['7'], "Unexpected argument '7'"],
    ['seal', ['--all'], "Unknown option '--all'"],
    ['keys', ['--ed25519'], "Unknown option '--ed25519'"],
    ['erase', [], '--user is missing: the id of the user'],
    ['erase', ['--user', 'ada@example.com'], '--user must be a UUID'],
  ]
  for (const [command, args, message] of refusals) {
    const refused = Promise.resolve(commands.get(command)?.(args))
    await t.rejects(refused, { constructor: UsageError, message }, [command, ...args].join(' '))
  }
})
