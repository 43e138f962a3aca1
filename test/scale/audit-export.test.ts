import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { ConnectionPool } from '../../src/db/driver/pool.js'
import { buildTestApp } from '../helpers/app.js'
import { fillAuditLog } from '../helpers/audit-entries.js'
import { searchAs } from '../helpers/audit-search.js'
import { connect, createTestDatabase } from '../helpers/database.js'
import { eventually } from '../helpers/eventually.js'
import { recordedRequests } from '../helpers/recorded-requests.js'
import t from '../tap.js'

const ENTRIES = 201_000
/** The number of statements of a full export: two for each batch of 500 entries. */
const MOST = (2 * ENTRIES) / 500
/** The most statements whose rows fit into the buffers of the sockets, with room to spare. */
const READ_AHEAD = 60

const database = await createTestDatabase(t)
await fillAuditLog(database.ownerUrl, ENTRIES)
const { app, signUp, anonymous } = await buildTestApp(t, { database, config: { RATE_LIMIT: 'off' } })
const admin = await signUp({ role: 'super_admin', email: 'admin@example.com' })
const plain = await signUp({ email: 'plain@example.com' })
const search = searchAs(admin)
const owner = connect(t, database.ownerUrl)
const origin = await app.listen({ host: '127.0.0.1', port: 0 })

/** The number of statements that the application has sent. */
let statements = 0
const { run } = ConnectionPool.prototype
ConnectionPool.prototype.run = function (statement) {
  statements += 1
  return run.call(this, statement) as never
}

/** Reads only the head of the response; the body waits for a reader. */
const download = (query: string): Promise<IncomingMessage> => {
  const headers = { authorization: `Bearer ${admin.user?.accessToken}` }
  return new Promise((resolve, reject) => {
    const url = `${origin}/api/v1/audit-logs/export?${query}`
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })
}

/**
 * The number of polls without a statement after which the server has stopped; longer than a batch
 * takes.
 */
const REST = 25

/** Waits until the server sends no more statements. */
const untilItRests = () => {
  let [last, rested] = [-1, 0]
  return eventually(() => {
    rested = statements === last ? rested + 1 : 0
    last = statements
    return rested === REST
  }, 60_000)
}

/**
 * The cells of a CSV file as a spreadsheet reads them (RFC 4180); quoted line breaks belong to the
 * cell.
 */
const cellsOf = (csv: string): string[][] =>
  [...csv.matchAll(/((?:"(?:[^"]|"")*"|[^"\r\n])*)\r\n/g)].map(([, line = '']) =>
    [...line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|)(?=,|$)/g)].map(([, cell = '']) =>
      cell.replaceAll('""', '"'),
    ),
  )

const today = `tableName=users&from=${new Date().toISOString()}`

t.test('an export contains the results of the search, newest first, in either format', async (t) => {
  await plain.patch('/me', { firstName: 'Zoë', lastName: 'said "a, b"' })
  const found = await search(Object.fromEntries(new URLSearchParams(today)))
  t.ok(found.length > 0)
  const lines = await admin.get(`/audit-logs/export?format=ndjson&${today}`)
  t.match(lines, {
    status: 200,
    headers: {
      'content-type': 'application/x-ndjson',
      'content-disposition': /^attachment; filename="audit-log-\d{4}-\d\d-\d\d\.ndjson"$/,
      'cache-control': 'no-store',
    },
  })
  t.equal(
    lines.text,
    found.map((entry) => `${JSON.stringify(entry)}\n`).join(''),
    'the export equals the search byte for byte',
  )

  const csv = await admin.get(`/audit-logs/export?format=csv&${today}`)
  t.match(csv, {
    status: 200,
    headers: {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': /^attachment; filename="audit-log-\d{4}-\d\d-\d\d\.csv"$/,
    },
  })
  const [header = [], ...rows] = cellsOf(csv.text)
  t.strictSame(header, Object.keys(found[0] ?? {}))
  const asCell = (value: unknown) =>
    value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  t.strictSame(
    rows,
    found.map((entry) => Object.values(entry).map(asCell)),
  )
  t.match(csv.text, /Zoë/)
  t.match(csv.text, /\[redacted\]/)
  t.notMatch(csv.text + lines.text, /argon2|Bearer ey/)
})

t.test('every filter of the search narrows the export', async (t) => {
  for (const filter of ['changed=taxNumber', 'action=delete&tableName=notes', `objectId=${plain.user?.id}`]) {
    const found = await search(Object.fromEntries(new URLSearchParams(filter)))
    const { text } = await admin.get(`/audit-logs/export?format=ndjson&${filter}`)
    const ids = text.split('\n').flatMap((line) => (line ? JSON.parse(line).id : []))
    t.ok(ids.length > 0, filter)
    t.strictSame(
      ids.slice(0, 100),
      found.map(({ id }) => id),
      filter,
    )
  }
  const empty = 'tableName=nothing'
  t.equal((await admin.get(`/audit-logs/export?format=ndjson&${empty}`)).text, '')
  t.match(cellsOf((await admin.get(`/audit-logs/export?format=csv&${empty}`)).text), [['id', 'createdAt']])
})

t.test('no cell can start a formula in a spreadsheet', async (t) => {
  const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', "=cmd|'/C calc'!A0", '＝1']
  for (const formula of formulas) {
    await owner`
      insert into audit.audit_log (id, created_at, actor, table_name, object_id, action, url, body)
      values (uuid_v7(), now(), 'user', 'formulas', ${formula}, 'create', ${formula}, ${owner.json({ formula })})`
  }
  const { text } = await admin.get('/audit-logs/export?format=csv&tableName=formulas')
  const [, ...rows] = cellsOf(text)
  t.strictSame(
    rows.map((row) => [row[4], row[9], row[11]]).reverse(),
    formulas.map((formula) => [`'${formula}`, `'${formula}`, JSON.stringify({ formula })]),
    'formulas get an apostrophe, JSON stays unchanged',
  )
  t.strictSame(
    rows.flat().filter((cell) => /^[=+\-@\t\r\n＝]/.test(cell)),
    [],
  )
  const lines = await admin.get('/audit-logs/export?format=ndjson&tableName=formulas')
  t.strictSame(
    lines.text
      .split('\n')
      .flatMap((line) => (line ? JSON.parse(line).url : []))
      .reverse(),
    formulas,
    'ndjson stays unchanged',
  )
})

t.test(`all of ${ENTRIES} entries arrive in order, and no faster than they are read`, async (t) => {
  statements = 0
  const response = await download('format=ndjson')
  await untilItRests()
  const readAhead = statements
  t.ok(readAhead < READ_AHEAD, `${readAhead} statements of ${MOST} wait for a reader`)
  const newest = await search({ limit: '1' })
  await plain.patch('/me', { firstName: 'Meanwhile' })
  let [count, previous, rest] = [0, 'g', '']
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const id = line.slice(7, 43)
      if (count === 0) t.equal(id, newest[0]?.id, 'the export excludes entries made meanwhile')
      if (id >= previous) t.fail(`${id} after ${previous}`)
      previous = id
      count += 1
    }
  }
  t.ok(count >= ENTRIES, `${count} entries`)
  t.equal(rest, '')
})

t.test('stops reading when the client hangs up', async (t) => {
  statements = 0
  const response = await download('format=csv')
  response.destroy()
  await eventually(
    () => new Promise<boolean>((resolve) => app.server.getConnections((_, count) => resolve(count === 0))),
  )
  await untilItRests()
  t.ok(statements < READ_AHEAD, `${statements} statements of ${MOST}`)
})

t.test('an error aborts the response instead of ending it', async (t) => {
  const response = await download('format=ndjson')
  await untilItRests()
  const role = owner(database.appRole)
  await owner`revoke select on audit.audit_log from ${role}`
  t.teardown(() => owner`grant select on audit.audit_log to ${role}`)
  await t.rejects(text(response), { code: 'ECONNRESET' })
  t.equal(response.complete, false)
  const late = await admin.get('/audit-logs/export?format=csv')
  t.match(late, { status: 500, headers: { 'content-type': 'application/problem+json' } })
  t.notOk(late.headers['content-disposition'], 'an error before the first byte gets a usual error answer')
})

t.test('records each export, and no request for its headers', async (t) => {
  const search = recordedRequests(app, admin)
  const before = await search({ event: 'audit_exported' })
  const url = '/api/v1/audit-logs/export?format=csv&tableName=nothing'
  await admin.request({ method: 'HEAD', url })
  await admin.request({ method: 'GET', url, headers: { 'x-request-id': 'an-export' } })
  const [newest, ...others] = await search({ event: 'audit_exported' })
  t.match(newest, { requestId: 'an-export', userId: admin.user?.id, outcome: 'ok', url })
  t.strictSame(others, before)
})

t.test('refuses wrong values by name and answers only a super_admin', async (t) => {
  for (const [query, path] of [
    ['', 'format'],
    ['format=xml', 'format'],
    ['format=csv&limit=5', 'limit'],
    ['format=csv&cursor=abc', 'cursor'],
    ['format=csv&action=created', 'action'],
    ['format=csv&from=yesterday', 'from'],
    ['format=csv&changed=a%20b', 'changed'],
  ] as const) {
    const answer = await admin.get(`/audit-logs/export?${query}`)
    t.match(answer, { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.match(await anonymous.get('/audit-logs/export?format=csv'), { status: 401 })
  t.match(await plain.get('/audit-logs/export?format=csv'), { status: 403, body: { code: 'FORBIDDEN' } })
})
