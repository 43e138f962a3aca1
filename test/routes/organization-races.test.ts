import { memberships } from '../../src/db/schema/memberships.js'
import { withOrganization } from '../../src/db/tenancy/scopes.js'
import { buildTestApp } from '../helpers/app.js'
import type { Answer, Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import { addMember, createOrganization, type TestOrganization } from '../helpers/organizations.js'
import t, { type Test } from '../tap.js'

const ROUNDS = 6

const { app, database, signUp } = await buildTestApp(t)
const owner = connect(t, database.ownerUrl)
const admin = await signUp({ role: 'super_admin' })
const idOf = (client: Client) => String(client.user?.id)
const pathOf = ({ path }: TestOrganization, client: Client) => `${path}/members/${idOf(client)}`

const countAdmins = ({ id }: TestOrganization) =>
  owner.begin(async (tx) => {
    await tx`select set_config('app.scope', ${`organization:${id}`}, true)`
    return (await tx`select from memberships where role = 'org_admin'`).count
  })

/**
 * Sends concurrent requests of two org_admins, in several rounds, and checks that one org_admin is
 * left.
 */
async function race(
  t: Test,
  name: string,
  requests: (o: TestOrganization, a: Client, b: Client) => Promise<Answer>[],
  allowed: string[],
) {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [ada, grace] = [await signUp(), await signUp()]
    const organization = await createOrganization(ada)
    await addMember(app, organization, grace, 'org_admin')
    const answers = await Promise.all(requests(organization, ada, grace))
    const outcome = answers
      .map(({ status, body }) => body?.code ?? status)
      .sort()
      .join(' ')
    t.ok(allowed.includes(outcome), `${name}: ${outcome}`)
    t.equal(await countAdmins(organization), 1, name)
  }
}

t.test(
  'refuses one of two requests that together would leave an organization without an org_admin',
  async (t) => {
    await race(t, 'both leave', (o, a, b) => [a.delete(pathOf(o, a)), b.delete(pathOf(o, b))], [
      '204 LAST_ORG_ADMIN',
    ])
    await race(
      t,
      'each demotes the other',
      (o, a, b) => [a.patch(pathOf(o, b), { role: 'member' }), b.patch(pathOf(o, a), { role: 'member' })],
      ['200 FORBIDDEN'],
    )
    await race(t, 'each removes the other', (o, a, b) => [a.delete(pathOf(o, b)), b.delete(pathOf(o, a))], [
      '204 NOT_FOUND',
    ])
    await race(
      t,
      'both step down',
      (o, a, b) => [a.patch(pathOf(o, a), { role: 'member' }), b.patch(pathOf(o, b), { role: 'member' })],
      ['200 LAST_ORG_ADMIN'],
    )
    await race(
      t,
      'both accounts are deleted',
      (_o, a, b) => [a, b].map((client) => admin.delete(`/users/${idOf(client)}`)),
      ['204 LAST_ORG_ADMIN'],
    )
    await race(
      t,
      'one account is deleted while the other leaves',
      (o, a, b) => [admin.delete(`/users/${idOf(a)}`), b.delete(pathOf(o, b))],
      ['204 LAST_ORG_ADMIN'],
    )
  },
)

t.test('the database itself keeps the last org_admin, at every isolation level', async (t) => {
  const [one, two] = [connect(t, database.url), connect(t, database.url)]
  for (const level of ['read committed', 'repeatable read', 'serializable']) {
    const [ada, grace] = [await signUp(), await signUp()]
    const organization = await createOrganization(ada)
    await addMember(app, organization, grace, 'org_admin')
    const [first, second] = [await one.reserve(), await two.reserve()]
    const both = [first, second]
    for (const connection of both) {
      await connection.unsafe(`begin isolation level ${level}`)
      await connection`select set_config('app.scope', ${`organization:${organization.id}`}, true)`
      // Takes the snapshot, after which the isolation levels differ.
      await connection`select from memberships`
    }
    const demote = (connection: typeof first, client: Client) =>
      connection`update memberships set role = 'member' where user_id = ${idOf(client)}`
    await demote(first, ada)
    const waiting = demote(second, grace)
      .then(() => second`commit`)
      .catch((error) => error.code)
    await first`commit`
    t.match(await waiting, level === 'read committed' ? '23514' : /^(40001|23514)$/, level)
    await second`rollback`
    for (const connection of both) connection.release()
    t.equal(await countAdmins(organization), 1, level)
  }
})

t.test("a demotion waits for its subject's writes in flight", async (t) => {
  const [ada, grace] = [await signUp(), await signUp()]
  const organization = await createOrganization(ada)
  await addMember(app, organization, grace, 'org_admin')
  const caller = { userId: idOf(grace), role: 'user' } as const
  const answered: string[] = []
  let demotion: Promise<unknown> | undefined
  await withOrganization(app.db, caller, organization.id, 'invitations.create', async () => {
    demotion = ada.delete(pathOf(organization, grace)).then(() => answered.push('removed'))
    await eventually(async () => {
      const [blocked] = await owner`select from pg_stat_activity
        where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`
      return blocked !== undefined
    })
    answered.push('written')
  })
  await demotion
  t.strictSame(answered, ['written', 'removed'])
})

t.test('an organization can be deleted while its members write, without a deadlock', async (t) => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [ada, grace] = [await signUp(), await signUp()]
    const organization = await createOrganization(ada)
    await addMember(app, organization, grace, 'org_admin')
    const write = (n: number) =>
      grace.post(`${organization.path}/invitations`, { email: `${round}-${n}@example.com`, role: 'member' })
    const writes = Array.from({ length: 10 }, (_, i) => write(i))
    const deletion = ada.delete(organization.path)
    const later = Array.from({ length: 10 }, (_, i) => write(10 + i))
    const answers = await Promise.all([...writes, deletion, ...later])
    t.equal((await deletion).status, 204)
    t.ok(answers.every(({ status }) => [201, 204, 404].includes(status)))
  }
})

t.test('no write of a member succeeds once their demotion or removal is answered', async (t) => {
  for (const end of ['demote', 'remove'] as const) {
    const [ada, grace] = [await signUp(), await signUp()]
    const organization = await createOrganization(ada)
    await addMember(app, organization, grace, 'org_admin')
    const caller = { userId: idOf(grace), role: 'user' } as const
    const write = (i: number) =>
      i % 2 === 0
        ? grace.patch(organization.path, { name: `Written ${i}` }).then(({ status }) => status === 200)
        : withOrganization(app.db, caller, organization.id, 'invitations.create', async ({ tx }) => {
            await tx.select().from(memberships)
            const [{ now } = { now: '' }] = await tx.execute<{ now: string }>(
              'select clock_timestamp()::text as now',
            )
            return now
          }).catch(() => false)
    const writes = Array.from({ length: 50 }, (_, i) => write(i))
    const ofGrace = pathOf(organization, grace)
    const answer = end === 'demote' ? await ada.patch(ofGrace, { role: 'member' }) : await ada.delete(ofGrace)
    t.ok(answer.status < 300)
    const after = await Promise.all(Array.from({ length: 10 }, (_, i) => write(i)))
    t.ok(
      after.every((result) => result === false),
      end,
    )
    const results = await Promise.all(writes)
    const entries = await moved(owner)<{ id: string; isEnd: boolean }[]>`
      select id, table_name = 'memberships' as "isEnd" from audit.audit_log
      where organization_id = ${organization.id} and action <> 'create' order by id`
    t.ok(entries.at(-1)?.isEnd, 'the last entry is the end of the membership or role')
    const moments = results.flatMap((result) => (typeof result === 'string' ? [result] : []))
    const [late] = await moved(owner)`
      select count(*)::int from unnest(${moments}::timestamptz[]) as moment
      where moment > (select created_at + interval '1 millisecond' from audit.audit_log where id = ${String(entries.at(-1)?.id)})`
    t.equal(late?.count, 0)
  }
})
