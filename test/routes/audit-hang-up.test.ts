import { connect as openSocket } from 'node:net'
import { buildTestApp } from '../helpers/app.js'
import { findContradictions } from '../helpers/audit-consistency.js'
import { connect } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { moved } from '../helpers/moved.js'
import t from '../tap.js'

const { app, database, signUp } = await buildTestApp(t, {
  config: { RATE_LIMIT: 'off', DATABASE_POOL_MAX: 4 },
})
const people = [await signUp(), await signUp(), await signUp(), await signUp()]
const sql = connect(t, database.ownerUrl)
const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))

/** Sends a whole request and hangs up once `until` resolves. */
async function sendAndHangUp(call: number, until: () => Promise<unknown>): Promise<void> {
  const body = JSON.stringify({ firstName: `Call ${call}` })
  const socket = openSocket(Number(port), '127.0.0.1')
  const request = [
    'PATCH /api/v1/me HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${people[call % people.length]?.user?.accessToken}`,
    `X-Request-Id: hang-${call}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ]
  await new Promise<void>((resolve) => socket.write(request.join('\r\n'), () => resolve()))
  await until()
  socket.destroy()
}

/** Whether at least `count` statements wait for a row lock of another transaction. */
const areWaiting = (count: number) => async () => {
  const locks = await sql`
    select from pg_locks join pg_stat_activity using (pid)
    where datname = current_database() and locktype = 'transactionid' and not granted`
  return locks.length >= count
}

t.test('a committed write has its entry although its client hung up', async (t) => {
  const calls = Array.from({ length: 40 }, (_, i) => i)
  const held = calls.slice(0, people.length)
  await sql.begin(async (tx) => {
    await tx`select from users for update`
    await Promise.all(held.map((call) => sendAndHangUp(call, () => eventually(areWaiting(held.length)))))
  })
  for (const call of calls.slice(held.length)) await sendAndHangUp(call, async () => undefined)
  const ids = held.map((call) => `hang-${call}`)
  await eventually(async () => {
    const found = await moved(sql)`select from audit.audit_log where request_id in ${sql(ids)}`
    return found.length === held.length
  })

  const entries = await moved(sql)<
    { call: string; userId: string; objectId: string; url: string; name: string }[]
  >`
    select substr(request_id, 6) as call, user_id as "userId", object_id as "objectId", url, state_after ->> 'first_name' as name
    from audit.audit_log where request_id like 'hang-%'`
  for (const { call, ...entry } of entries) {
    const userId = people[Number(call) % people.length]?.user?.id
    t.same(entry, { userId, objectId: userId, url: '/api/v1/me', name: `Call ${call}` })
  }
  t.same(await findContradictions(sql), [], 'no change is without an entry')
})
