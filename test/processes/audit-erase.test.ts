import { randomUUID } from 'node:crypto'
import { eraseUser } from '../../src/db/seals/erase.js'
import { sealAuditLog } from '../../src/db/seals/seal.js'
import { verifyAuditLog } from '../../src/db/seals/verify.js'
import { parseAuditSigningKey } from '../../src/lib/audit/audit-keys.js'
import { generateSigningKeyPem } from '../../src/lib/auth/signing-keys.js'
import { buildTestApp } from '../helpers/app.js'
import { attack, newAuditKey, publicKeysOf } from '../helpers/audit-seals.js'
import { bundled } from '../helpers/bundle.js'
import { connect, newerReleaseWasHere, testDatabases } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { invite } from '../helpers/invitations.js'
import { moved } from '../helpers/moved.js'
import { createOrganization } from '../helpers/organizations.js'
import { run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

type Command = readonly [string, ...string[]]

const COMMAND = [...(await bundled('src/scripts/audit.ts')), 'erase'] as const
const NPM = ['npm', 'run', '--silent', 'audit:erase', '--'] as const

const ADA = 'ada.lovelace@example.com'

/** Two administrators change each other, and a stranger tries to sign in as each of them. */
async function createStory(t: Test) {
  const { app, database, anonymous, signUp } = await buildTestApp(t)
  const ada = await signUp({ role: 'super_admin', email: ADA })
  const grace = await signUp({ role: 'super_admin', email: 'grace@example.com' })
  const [{ body: me }, { body: other }] = [await ada.get('/me'), await grace.get('/me')]
  await ada.patch('/me', { firstName: 'Augusta' })
  await grace.patch(`/users/${me.id}`, { lastName: 'Byron' })
  await ada.patch(`/users/${other.id}`, { firstName: 'Amazing' })
  // Requests without a token, which name a user by address alone.
  const organization = await createOrganization(grace)
  await invite(grace, organization, 'somebody.else@example.com')
  const token = await invite(grace, organization, ADA)
  await anonymous.post('/invitations/accept', { token })
  await anonymous.post('/auth/login', { email: ADA.toUpperCase(), password: 'a wrong but long sentence' })
  await anonymous.post('/auth/login', { email: 'grace@example.com', password: 'a wrong but long sentence' })
  await anonymous.post('/auth/forgot-password', { email: ADA.replace('ada', 'Ada') })
  const owner = connect(t, database.ownerUrl)
  await eventually(
    async () => (await owner`select from audit.audit_requests where outcome <> 'ok'`).length >= 2,
  )

  const pem = generateSigningKeyPem()
  const key = parseAuditSigningKey(pem)
  const lines: string[] = []
  const verify = async () => {
    lines.length = 0
    const result = await verifyAuditLog(owner, {
      keys: publicKeysOf(key),
      onFinding: (line) => lines.push(line),
    })
    return { ...result, lines }
  }
  const sealAll = () =>
    eventually(async () => {
      await sealAuditLog(app.transactions, key)
      return (await verify()).unsealed === 0
    })
  const env = {
    CONFIG_FILE: 'off',
    DATABASE_URL: database.url,
    DATABASE_MIGRATION_URL: database.ownerUrl,
    AUDIT_SIGNING_KEY: pem,
  }
  const erase = (userId: string, command: Command = COMMAND) =>
    run(t, [...command, '--user', userId], { env })
  return { app, database, owner, ada: me, verify, sealAll, erase }
}

t.test('erases the personal data of a user, and the rest stays and still verifies', async (t) => {
  const { database, owner, ada, verify, sealAll, erase } = await createStory(t)
  await sealAll()
  const { head, entries } = await verify()
  const trail = () =>
    moved(
      owner,
    )`select id, created_at, actor, user_id, table_name, object_id, action, changed, request_id from audit.audit_log
      where table_name <> 'audit_log' order by id`
  const before = await trail()
  const { code, stdout, stderr } = await erase(ada.id, NPM)
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  const [, erasedEntries, erasedRequests, seal] =
    /^Erased the personal data of user \S+ in (\d+) entries and (\d+) requests: seal (\d+)\.\nThe account itself still exists/.exec(
      stdout,
    ) ?? []
  t.ok(Number(erasedEntries) >= 5 && Number(erasedRequests) >= 1, stdout)

  t.strictSame(await trail(), before, 'actor, action, object and time are unchanged')
  const [left] = await moved(owner)<{ text: string }[]>`
    select coalesce(string_agg(to_jsonb(r)::text, ' '), '') as text from (
      select to_jsonb(l) from audit.audit_log l where object_id = ${ada.id} and table_name = 'users' or user_id = ${ada.id}
        or state_after ->> 'user_id' = ${ada.id}
      union all select to_jsonb(q) from audit.audit_requests q where ${ada.id}::uuid in (user_id, subject_id)
    ) as r`
  t.notMatch(left?.text, /lovelace|Augusta|Byron|127\.0\.0\.1|lightMyRequest/i)
  const [requests] = await owner<{ text: string }[]>`
    select string_agg(to_jsonb(r)::text, ' ') as text from audit.audit_requests r`
  t.notMatch(requests?.text, /lovelace/i, 'a request that only names the address is erased')
  t.match(requests?.text, /grace@example\.com/)
  t.match(left?.text, /"Amazing"/, "the user's changes of others are kept")
  const [everything] = await moved(owner)<{ text: string }[]>`
    select string_agg(to_jsonb(l)::text, ' ') as text from audit.audit_log l`
  t.match(everything?.text, /grace@example\.com/)
  t.notMatch(everything?.text, /lovelace/i, 'the invitation of the user is erased')
  t.match(everything?.text, /somebody\.else@example\.com/)
  const ofInvitations = await moved(owner)`select state_before, state_after, ip, headers from audit.audit_log
    where table_name = 'invitations' and '[erased]' in (state_before ->> 'email', state_after ->> 'email') order by id`
  t.match(ofInvitations, [
    { state_after: { email: '[erased]', role: 'member' }, ip: '[erased]', headers: null },
    { state_before: { email: '[erased]', role: 'member' }, ip: '[erased]', headers: null },
  ])
  t.match(
    await moved(
      owner,
    )`select actor, action, state_after from audit.audit_log where table_name = 'audit_log' and object_id = ${ada.id}`,
    [
      {
        actor: 'cli:audit-erase',
        action: 'update',
        state_after: { entries: Number(erasedEntries), requests: Number(erasedRequests), seal: Number(seal) },
      },
    ],
  )

  t.match(await verify(), { findings: 0, entries, unsealed: 1 })
  await sealAll()
  const { lines, ...later } = await verify()
  t.match(later, { findings: 0, entries: entries + 1 }, lines.join())
  t.ok(later.head.number > head.number)
  const admin = connect(t, database.adminUrl)
  const [erased] = await moved(
    owner,
  )`select id from audit.audit_log where state_after ->> 'email' = '[erased]' limit 1`
  await attack(
    admin,
    `update audit.audit_log set state_after = state_after || '{"email": "x"}' where id = '${erased?.id}'`,
  )
  t.strictSame(
    (await verify()).lines,
    [`modified audit_log ${erased?.id}`],
    'a manual change of an erased entry is found',
  )
  await attack(
    admin,
    `update audit.audit_log set state_after = state_after || '{"email": "[erased]"}' where id = '${erased?.id}'`,
  )

  t.match(await erase(ada.id), { code: 0, stdout: new RegExp(`^Nothing to erase of user ${ada.id}\\.\n`) })
  const unknown = randomUUID()
  t.strictSame(await erase(unknown), {
    code: 0,
    signal: null,
    stdout: `Nothing to erase of user ${unknown}.\n`,
    stderr: '',
  })
  t.match(await verify(), { findings: 0 })

  await newerReleaseWasHere(owner)
  t.match(await erase(ada.id), {
    code: 1,
    stderr: /^audit: The database is ahead of this release \(9999_newer\), which may not cover all tables/,
  })
})

t.test('entries erased before a seal are sealed in their erased form', async (t) => {
  const { database, owner, ada, verify, sealAll, erase } = await createStory(t)
  await owner`delete from users where id = ${ada.id}`
  const { stdout } = await erase(ada.id)
  t.match(stdout, /^Erased the personal data/)
  t.notMatch(stdout, /still there/)
  const [found] = await owner`select from audit.audit_requests r where to_jsonb(r)::text ilike '%lovelace%'`
  t.notOk(found, 'requests that name the address of a deleted account are erased')

  const admin = connect(t, database.adminUrl)
  const [erased] = await moved(
    owner,
  )`select id, actor from audit.audit_log where state_before ->> 'email' = '[erased]' limit 1`
  await attack(admin, `update audit.audit_log set actor = 'nobody' where id = '${erased?.id}'`)
  await sealAll()
  t.strictSame(
    (await verify()).lines,
    [`modified audit_log ${erased?.id}`],
    'a change between erasure and seal is found',
  )
  await attack(admin, `update audit.audit_log set actor = '${erased?.actor}' where id = '${erased?.id}'`)
  t.strictSame((await verify()).lines, [])
})

const { ownerUrl, appUrl } = testDatabases()
const skip =
  new URL(ownerUrl).username === new URL(appUrl).username &&
  'one role owns the tables and runs the application'

t.test(
  'the application cannot erase, and no role by leaving the marker in a session',
  { skip },
  async (t) => {
    const { database, owner, ada } = await createStory(t)
    await t.rejects(eraseUser(connect(t, database.url), newAuditKey(), ada.id), { code: '42501' })
    for (const sql of [connect(t, database.url), owner]) {
      for (const word of [`'1'`, 'pg_current_xact_id()::text', 'pg_current_xact_id_if_assigned()::text']) {
        await sql.unsafe(`select set_config('audit.maintenance', ${word}, false)`)
        await t.rejects(sql.unsafe(`update audit.audit_log set actor = 'nobody'`), { code: '42501' })
      }
    }
  },
)
