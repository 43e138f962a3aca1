import { get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { ConnectionPool } from '../../src/db/driver/pool.js'
import { buildTestApp } from '../helpers/app.js'
import type { Entry } from '../helpers/audit-search.js'
import type { Client } from '../helpers/client.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { addMember, createOrganization } from '../helpers/organizations.js'
import t from '../tap.js'

const MIB = 1_048_576
/** 24 MB in total, more than the sockets buffer. */
const LARGE = { entries: 80, characters: 300_000 }

const { app, database, signUp } = await buildTestApp(t, {
  config: {
    RATE_LIMIT: 'off',
    EXPORTS_PER_USER: 2,
    EXPORTS_MAX: 3,
    STALLED_READER_SECONDS: 2,
    UNREAD_ANSWERS_MAX_MB: 64,
  },
})
const admin = await signUp({ role: 'super_admin' })
const plain = await signUp()
const owner = connect(t, database.ownerUrl)
const origin = await app.listen({ host: '127.0.0.1', port: 0 })
const ours = await createOrganization(plain)

// PostgreSQL compresses these to about a hundredth.
await owner`
  insert into audit.audit_log (id, created_at, actor, table_name, object_id, action, organization_id, state_after)
  select uuid_v7(), now(), 'user', 'large', n, 'create', ${ours.id}, jsonb_build_object('text', repeat('x', ${LARGE.characters}))
  from generate_series(1, ${LARGE.entries}) as n`

/** The number of characters that the application has read from the database. */
let handedOver = 0
const { run } = ConnectionPool.prototype
ConnectionPool.prototype.run = async function (statement) {
  const rows = await run.call(this, statement)
  handedOver += JSON.stringify(rows).length
  return rows as never
}

const sockets = new Set<Socket>()
app.server.on('connection', (socket) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})

/** Reads only the head of the response; the body waits for a reader. */
const open = (client: Client, path: string): Promise<IncomingMessage> => {
  const headers = { authorization: `Bearer ${client.user?.accessToken}` }
  return new Promise((resolve, reject) => {
    get(`${origin}/api/v1/audit-logs${path}`, { headers, agent: false }, resolve).on('error', reject)
  })
}
const EXPORT = `/export?format=ndjson&tableName=large&organizationId=${ours.id}`

/** The number of bytes that this process holds for their readers. */
const heldBytes = () => [...sockets].reduce((sum, { writableLength }) => sum + writableLength, 0)

t.test('reads a value of 9 MB in the list, the entry, the state and both exports', async (t) => {
  const firstName = `é "\\1.50${'x'.repeat(9_000_000)}"`
  const id = String(plain.user?.id)
  await owner`update users set first_name = ${firstName} where id = ${id}`
  await owner`update users set first_name = 'Ada' where id = ${id}`
  const of = `tableName=users&objectId=${id}`
  const { body: page } = await admin.get(`/audit-logs?${of}&limit=2`)
  t.equal(page.data.length, 1, 'a large entry is the only one of its page')
  t.ok(page.data[0].stateBefore.firstName === firstName)
  const { body: next } = await admin.get(`/audit-logs?${of}&limit=2&cursor=${page.nextCursor}`)
  const [large] = next.data
  t.ok(large.stateAfter.firstName === firstName)
  t.ok((await admin.get(`/audit-logs/${large.id}`)).body.stateAfter.firstName === firstName)
  const { body } = await admin.get(`/audit-logs/state?${of}&at=${large.createdAt}`)
  t.ok([large.stateAfter.firstName, 'Ada'].includes(body.state.firstName))
  const lines = (await admin.get(`/audit-logs/export?format=ndjson&${of}`)).text.trim().split('\n')
  t.ok(JSON.parse(lines[0] ?? '').stateBefore.firstName === firstName)
  t.ok(JSON.parse(lines[1] ?? '').stateAfter.firstName === firstName)
  const csv = (await admin.get(`/audit-logs/export?format=csv&${of}`)).text
  t.ok(csv.includes(JSON.stringify(firstName).replaceAll('"', '""')))
})

t.test('limits unread large answers of a caller in size and time', async (t) => {
  const [large] = (await admin.get(`/audit-logs?changed=firstName&sort=createdAt&limit=1`)).body.data
  const unread = await open(admin, `/${large.id}`)
  const refused = await admin.get(`/audit-logs/${large.id}`)
  t.match(refused, {
    status: 503,
    headers: { 'retry-after': /^\d+$/, 'content-type': /^application\/problem/ },
  })
  t.equal((await admin.get('/me')).status, 200, 'small answers are not limited')
  const ofOurs = `tableName=large&organizationId=${ours.id}`
  t.equal((await plain.get(`/audit-logs?${ofOurs}`)).status, 200, "another caller's quota is unaffected")
  await eventually(() => sockets.size === 0)
  await t.rejects(text(unread), { code: 'ECONNRESET' })
  t.equal((await admin.get(`/audit-logs/${large.id}`)).status, 200)
})

t.test('a page of large entries ends early and has a next page', async (t) => {
  const listed: string[] = []
  let cursor = ''
  do {
    handedOver = 0
    const { status, text, body } = await admin.get(`/audit-logs?tableName=large&limit=50${cursor}`)
    t.ok(status === 200 && text.length <= 1.1 * MIB && handedOver <= 1.1 * MIB, `${handedOver} characters`)
    listed.push(...body.data.map(({ objectId }: Entry) => objectId))
    cursor = body.nextCursor && `&cursor=${body.nextCursor}`
  } while (cursor)
  const all = Array.from({ length: LARGE.entries }, (_, i) => String(i + 1))
  t.strictSame(listed.reverse(), all)
})

t.test('an unread export costs little, and a user has at most two', async (t) => {
  const unread = [await open(admin, EXPORT), await open(admin, EXPORT)]
  await eventually(() => [...sockets].filter(({ writableLength }) => writableLength > 0).length === 2)
  t.ok(heldBytes() < 2.5 * MIB, `${heldBytes()} bytes for two readers that do not read`)
  const refused = await admin.get(`/audit-logs${EXPORT}`)
  t.match(refused, { status: 429, body: { code: 'TOO_MANY_EXPORTS' }, headers: { 'retry-after': /^\d+$/ } })
  const other = await open(plain, EXPORT)
  t.match(await plain.get(`/audit-logs${EXPORT}`), { status: 503, headers: { 'retry-after': /^\d+$/ } })
  t.equal(
    (await text(other)).trim().split('\n').length,
    LARGE.entries,
    'a reading client gets the whole export',
  )
  await eventually(() => sockets.size === 0)
  for (const response of unread) {
    await t.rejects(
      text(response),
      { code: 'ECONNRESET' },
      'a client that does not read is cut off, recognizably',
    )
    t.equal(response.complete, false)
  }
  t.equal((await admin.get(`/audit-logs${EXPORT}`)).status, 200, 'the caller can export again')
})

t.test('a reader slower than the stall limit still gets everything', async (t) => {
  const response = await open(admin, EXPORT)
  let length = 0
  for await (const chunk of response) {
    length += chunk.length
    response.pause()
    setTimeout(() => response.resume(), 10)
  }
  t.ok(response.complete && length > LARGE.entries * LARGE.characters)
})

t.test('an export ends when its caller loses the role or the session', async (t) => {
  const member = await signUp()
  await addMember(app, ours, member, 'org_admin')
  const path = `${ours.path}/members/${member.user?.id}`
  const endings: [string, () => Promise<unknown>][] = [
    ['demoted', () => plain.patch(path, { role: 'member' })],
    ['signed out', () => member.post('/auth/logout')],
  ]
  for (const [ending, end] of endings) {
    await plain.patch(path, { role: 'org_admin' })
    const response = await open(member, EXPORT)
    t.equal(response.statusCode, 200)
    await end()
    await t.rejects(text(response), { code: 'ECONNRESET' }, ending)
    t.equal(response.complete, false)
  }
})
