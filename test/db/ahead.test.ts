/** A release older than the database, as every release is for a while during a rollout. */

import { findAuditProblems } from '../../src/db/audit/triggers.js'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { describeCatalog } from '../helpers/catalog.js'
import { connect, createTestDatabase, newerReleaseWasHere } from '../helpers/database.js'
import { moved } from '../helpers/moved.js'
import { insertUser, signInAt, startServer } from '../helpers/server.js'
import t, { type Test } from '../tap.js'

const NEWER = '9999_api_tokens'

/**
 * Changes a database as a newer release would: a secret column, other triggers, another retention.
 */
async function createNewerDatabase(t: Test) {
  const database = await createTestDatabase(t)
  const owner = connect(t, database.ownerUrl)
  const [trigger] = await owner<{ definition: string }[]>`
    select pg_get_triggerdef(oid) as definition from pg_trigger where tgname = 'audit_capture' and tgrelid = 'users'::regclass`
  const definition = String(trigger?.definition).replace(
    '{"password_hash',
    '{"api_token": "[redacted]", "password_hash',
  )
  await owner.unsafe(`
    alter table users add api_token text;
    drop trigger audit_capture on users;
    ${definition};
    create table notes (id int primary key);
    create trigger audit_capture after insert or update or delete on notes
      for each row execute function audit.capture('id', '{}', '{}', '');
    create function audit.capture_anew() returns trigger language plpgsql security definer as $$
      begin return null; end $$;
    create or replace trigger audit_capture after insert or update or delete on memberships
      for each row execute function audit.capture_anew();
    update audit.audit_retention set months = 3;
    comment on schema jobs is 'BullMQ 999.0.0';`)
  await newerReleaseWasHere(owner, NEWER)
  return { ...database, owner }
}

t.test('an upgrade changes nothing that a newer release made', async (t) => {
  const { ownerUrl, owner, appRole } = await createNewerDatabase(t)
  const before = await describeCatalog(owner)
  const ahead: unknown[] = []
  t.strictSame(
    await prepareDatabase({
      migrationUrl: ownerUrl,
      appRole,
      auditRetentionMonths: 1,
      onAhead: ({ newer }) => ahead.push(newer),
    }),
    [],
  )
  t.strictSame(ahead, [[NEWER]])
  t.strictSame(await describeCatalog(owner), before)
  t.match(await owner`select months from audit.audit_retention`, [{ months: 3 }])
  t.match(await owner`select obj_description('jobs'::regnamespace) as version`, [
    { version: 'BullMQ 999.0.0' },
  ])
})

t.test(
  'a server starts on a newer database, reports it, serves, and records no secret known only to the newer release',
  async (t) => {
    const database = await createNewerDatabase(t)
    const credentials = await insertUser(t, database)
    const server = await startServer(t, { env: { DATABASE_URL: database.url } })
    const lines = server
      .stdout()
      .split('\n')
      .filter((line) => line.includes('ahead of this release'))
    t.equal(lines.length, 1, 'is logged once')
    t.match(JSON.parse(String(lines[0])), { level: 'info', newer: [NEWER], version: String })
    const readiness = await fetch(`${server.url}/readyz`)
    t.equal(readiness.status, 200)
    t.match(await readiness.json(), {
      status: 'ready',
      checks: { migrations: `ahead: ${NEWER}`, audit: 'ok' },
    })

    await database.owner`update users set api_token = 'hunter2'`
    const { accessToken } = await signInAt(server.url, credentials)
    const renamed = await fetch(`${server.url}/api/v1/me`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ firstName: 'Grace' }),
    })
    t.equal(renamed.status, 200)
    const entries = await moved(database.owner)<{ state: unknown }[]>`
    select state_after as state from audit.audit_log where table_name = 'users' and action = 'update' order by id`
    t.match(entries.at(-1)?.state, { first_name: 'Grace', api_token: '[redacted]' })
    t.notMatch(JSON.stringify(entries), /hunter2/)
  },
)

t.test('a newer database must still write audit entries', async (t) => {
  const { owner } = await createNewerDatabase(t)
  const find = () => findAuditProblems(owner, { isAhead: true })
  t.strictSame(await find(), [])
  await owner`alter table users disable trigger audit_capture`
  await owner`drop trigger audit_capture on sessions`
  await owner`create or replace trigger audit_capture after insert on memberships for each row execute function audit.capture('id')`
  await owner`drop table invitations cascade`
  t.strictSame((await find()).sort(), [
    'memberships: the audit trigger was changed',
    'sessions: the audit trigger is missing',
    'users: the audit trigger is disabled',
  ])
})
