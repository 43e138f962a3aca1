/** A deleted organization disappears at once; a job deletes its rows in batches. */

import { deleteRowsOfOrganization } from '../../src/db/queries/organizations/organizations.js'
import { withActor } from '../../src/lib/audit/context.js'
import { buildTestApp } from '../helpers/app.js'
import { connectAcrossOrganizations } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { invite } from '../helpers/invitations.js'
import { moved } from '../helpers/moved.js'
import { addMember, createOrganization, type TestOrganization } from '../helpers/organizations.js'
import { startTestWorker } from '../helpers/worker.js'
import t from '../tap.js'

const test = await buildTestApp(t, { config: { DATABASE_STATEMENT_TIMEOUT_MS: 2_000 } })
const { app, database, anonymous, signUp } = test
const owner = connectAcrossOrganizations(t, database.ownerUrl)
const [ada, grace, admin] = [await signUp(), await signUp(), await signUp({ role: 'super_admin' })]

const BATCH = 4
const deleteRows = (id: string) =>
  withActor('job:delete-organization', () => deleteRowsOfOrganization(app.db, id, { batch: BATCH }))

/**
 * Adds an org_admin and `count` invitations, and rows such as a new resource may have: some belong to
 * the organization only through their parent.
 */
async function fill({ id, path }: TestOrganization, count: number) {
  await addMember(app, { id, path }, grace, 'org_admin')
  await insertInvitations(id, count)
  await owner`insert into notes (organization_id, invitation_id) select organization_id, id from invitations where organization_id = ${id}`
  await owner`insert into note_lines (note_id) select id from notes where organization_id = ${id}`
  await owner`insert into bookmarks (invitation_id) select id from invitations where organization_id = ${id}`
}

const insertInvitations = (organizationId: string, count: number, invitedBy: string | null = null) => owner`
  insert into invitations (organization_id, email, role, invited_by, token_hash, key_id, expires_at)
  select ${organizationId}, n || '@example.com', 'member', ${invitedBy}, uuid_send(gen_random_uuid()), 'filled', now()
  from generate_series(1, ${count}) n`

const countsOf = async () => {
  const [row] = await owner`
    select (select count(*)::int from organizations where id in (select organization_id from invitations)) as organizations,
      (select count(*)::int from invitations where key_id = 'filled') as invitations, (select count(*)::int from notes) as notes,
      (select count(*)::int from note_lines) as lines, (select count(*)::int from bookmarks) as bookmarks,
      (select count(invitation_id)::int from bookmarks) as used`
  return row
}

t.before(async () => {
  await owner`create table notes (id uuid primary key default uuid_v7(),
    organization_id uuid not null references organizations, invitation_id uuid not null references invitations)`
  await owner`alter table notes enable row level security, force row level security`
  await owner`create policy scope on notes using (current_setting('app.scope', true) in ('platform', 'organization:' || organization_id))`
  await owner`create table note_lines (note_id uuid not null references notes)`
  await owner`create table bookmarks (id uuid primary key default uuid_v7(),
    invitation_id uuid references invitations on delete set null)`
  await owner`grant all on notes, note_lines, bookmarks to ${owner(database.appRole)}`
})

t.test('a deleted organization is inaccessible before any of its rows is deleted', async (t) => {
  const name = 'Gone at once'
  const { body } = await ada.post('/organizations', { name })
  const organization = { id: body.id, path: `/organizations/${body.id}` }
  const member = await addMember(app, organization, await signUp())
  const token = await invite(ada, organization, 'invited@example.com')
  t.match(await ada.delete(organization.path), { status: 204, text: '' })
  for (const client of [ada, member, admin]) {
    for (const path of ['', '/members', '/invitations'])
      t.equal((await client.get(organization.path + path)).status, 404, path)
    t.equal((await client.delete(organization.path)).status, 404)
    const late = { email: 'late@example.com', role: 'member' }
    t.equal((await client.post(`${organization.path}/invitations`, late)).status, 404)
    const { data } = (await client.get('/organizations?limit=100')).body
    t.notOk(data.some(({ id }: { id: string }) => id === organization.id))
  }
  const account = { password: 'another quiet sentence', firstName: 'In', lastName: 'Vited' }
  t.match(await anonymous.post('/invitations/accept', { token, ...account }), {
    body: { code: 'INVALID_TOKEN' },
  })
  t.equal((await ada.get(`/audit-logs?organizationId=${organization.id}`)).status, 403)
  const { data } = (await admin.get(`/audit-logs?organizationId=${organization.id}&limit=1`)).body
  t.match(data, [{ action: 'update', userId: ada.user?.id, stateAfter: { deletedAt: String } }])
  t.match(
    await ada.post('/organizations', { name, slug: body.slug }),
    { status: 201 },
    'the slug can be used again',
  )
  await ada.delete(`/organizations/${(await ada.get('/organizations')).body.data[0].id}`)
  t.equal((await admin.delete(`/users/${member.user?.id}`)).status, 204)
})

t.test('deletes its rows in batches, children first, and none of another organization', async (t) => {
  const [gone, kept] = [await createOrganization(ada), await createOrganization(ada)]
  for (const organization of [gone, kept]) await fill(organization, 10)
  await ada.delete(gone.path)
  await owner`create function stop() returns trigger language plpgsql as $$ begin raise 'stopped'; end $$`
  await owner`create trigger stop before delete on invitations for each statement execute function stop()`
  await t.rejects(deleteRows(gone.id), 'the deletion is interrupted')
  t.match(await countsOf(), { invitations: 20, notes: 10, lines: 10, bookmarks: 20, used: 10 })
  await owner`drop trigger stop on invitations`
  await deleteRows(gone.id)
  t.match(await countsOf(), {
    organizations: 1,
    invitations: 10,
    notes: 10,
    lines: 10,
    bookmarks: 20,
    used: 10,
  })
  t.equal((await owner`select from memberships where organization_id = ${kept.id}`).count, 2)
  const entries = await moved(owner)`
    select table_name as "table", count(*)::int from audit.audit_log
    where organization_id = ${gone.id} and actor = 'job:delete-organization' and action = 'delete' group by 1 order by 1`
  t.strictSame(
    entries.map((row) => ({ ...row })),
    [
      { table: 'invitations', count: 10 },
      { table: 'memberships', count: 2 },
      { table: 'organizations', count: 1 },
    ],
  )
  const [largest] = await moved(owner)`
    select max(count)::int from (
      select count(*) from audit.audit_log where actor = 'job:delete-organization' group by transaction_id) as of_transaction`
  t.ok(largest?.max <= BATCH, 'no transaction is larger than a batch')
  await deleteRows(gone.id)
  await deleteRows(kept.id)
  t.equal((await ada.get(kept.path)).status, 200, 'an organization that is not deleted stays')
})

t.test('a worker deletes its rows, with the id of the request in their entries', async (t) => {
  const organization = await createOrganization(ada)
  await fill(organization, 3)
  const { headers } = await ada.delete(organization.path)
  await startTestWorker(t, test)
  const isDone = async () =>
    (await owner`select from outbox where job = 'delete-organization' and done_at is null`).count === 0
  t.ok(await eventually(isDone))
  const { body } = await admin.get(`/audit-logs?organizationId=${organization.id}&action=delete&limit=100`)
  t.equal(body.data.length, 6)
  for (const { actor, requestId } of body.data)
    t.strictSame([actor, requestId], ['job:delete-organization', headers['x-request-id']])
})

t.test(
  'deletes a user with more rows than one statement can delete, unless they are the last org_admin',
  async (t) => {
    const [busy, other] = [await signUp(), await signUp()]
    const organization = await createOrganization(busy)
    const [id, path] = [String(busy.user?.id), `/users/${busy.user?.id}`]
    await owner`insert into sessions (user_id, expires_at, ended_at) select ${id}, now(), now() from generate_series(1, 50)`
    await insertInvitations(organization.id, 1, id)
    await owner`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.05); return old; end $$`
    await owner`create trigger slow before delete on sessions for each row execute function slow()`
    t.match(await admin.delete(path), { status: 409, body: { code: 'LAST_ORG_ADMIN' } })
    t.match((await admin.get(path)).body, { status: 'active' })
    await addMember(app, organization, other, 'org_admin')
    t.equal((await admin.delete(path)).status, 204)
    t.equal((await admin.get(path)).status, 404)
    const kept = await owner`select invited_by from invitations where organization_id = ${organization.id}`
    t.match(kept, [{ invited_by: null }])
    await owner`drop trigger slow on sessions`
  },
)

t.test('a request that took too long gets no Retry-After, because it would take as long again', async (t) => {
  const organization = await createOrganization(ada)
  await owner.begin(async (tx) => {
    await tx`select from organizations where id = ${organization.id} for update`
    const answer = await ada.patch(organization.path, { name: 'Waits' })
    t.match([answer.status, answer.body.code], [503, 'SERVICE_UNAVAILABLE'])
    t.equal(answer.headers['retry-after'], undefined)
  })
})
