import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresBackend, Queue } from 'bullmq'
import { Client } from 'pg'
import { openListener } from '../../src/db/driver/listener.js'
import { MIGRATIONS_FOLDER, prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { migrationStatus } from '../../src/db/migrate/index.js'
import { inDatabase } from '../../src/db/queue/job-queue.js'
import { serverAccount } from '../../src/embedded-postgres/account.js'
import {
  changeDatabaseUrl,
  nodePostgresConfig,
  openPostgres,
  parseDatabaseUrl,
} from '../../src/lib/database-url/index.js'
import { buildTestApp } from '../helpers/app.js'
import { makeCertificates, NO_OPENSSL } from '../helpers/certificates.js'
import { connect } from '../helpers/database.js'
import { findFreePort } from '../helpers/ports.js'
import { ownPostgres } from '../helpers/postgres.js'
import t, { type Test } from '../tap.js'

t.setTimeout(400_000)

const SESSION = `select coalesce(ssl, false) as ssl, application_name as name, pg_is_in_recovery() as standby
  from pg_stat_ssl join pg_stat_activity using (pid) where pid = pg_backend_pid()`

type Session = { ssl: boolean; name: string; standby: boolean }

const drivers: Record<string, (url: string) => Promise<Session | undefined>> = {
  'postgres.js': async (url) => {
    const sql = openPostgres(url, { max: 1, connect_timeout: 5 })
    try {
      const [row] = await sql.unsafe<Session[]>(SESSION)
      return row
    } finally {
      await sql.end()
    }
  },
  pg: async (url) => {
    const client = new Client(nodePostgresConfig(url, 5_000))
    client.on('error', () => undefined)
    try {
      await client.connect()
      return (await client.query<Session>(SESSION)).rows[0]
    } finally {
      await client.end().catch(() => undefined)
    }
  },
}

/** The outcome of both drivers; `a but b` when they differ. */
async function reach(url: string): Promise<string> {
  const answers = await Promise.all(
    Object.values(drivers).map((connectWith) =>
      connectWith(url).then(
        (row) => `${row?.ssl ? 'TLS' : 'plain'}${row?.standby ? ', a standby' : ''}`,
        (error) => `refused: ${error.code}`,
      ),
    ),
  )
  return [...new Set(answers)].join(' but ')
}

function socketDirectory(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'socket.'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const account = serverAccount(dir)
  if (account) chownSync(dir, account.uid, account.gid)
  chmodSync(dir, 0o755)
  return dir
}

const with_ = (url: string, query: string, host = 'localhost') => `${url.replace('127.0.0.1', host)}?${query}`

t.test('both drivers interpret TLS settings alike', { skip: NO_OPENSSL }, async (t) => {
  const files = makeCertificates(t)
  const settings = { ssl: 'on', ssl_cert_file: files.cert, ssl_key_file: files.key }
  const { database } = await ownPostgres(t, settings)
  const expected = {
    '': 'plain',
    'sslmode=prefer': 'TLS',
    'sslmode=require': 'TLS',
    [`sslmode=require&sslrootcert=${files.otherCa}`]: 'refused: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    [`sslmode=verify-ca&sslrootcert=${files.ca}`]: 'TLS',
    [`sslmode=verify-full&sslrootcert=${files.ca}`]: 'TLS',
    [`sslrootcert=${files.ca}&channel_binding=require`]: 'TLS',
    'sslmode=require&channel_binding=require': 'refused: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'sslmode=verify-full': 'refused: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'sslmode=verify-full&sslrootcert=/none': 'refused: undefined',
  }
  for (const [query, outcome] of Object.entries(expected)) {
    t.equal(await reach(with_(database.url, query)), outcome, query)
  }
  const byAddress = (mode: string) =>
    with_(database.url, `sslmode=${mode}&sslrootcert=${files.ca}`, '127.0.0.1')
  t.equal(await reach(byAddress('verify-ca')), 'TLS', 'verify-ca does not check the host name')
  t.equal(await reach(byAddress('verify-full')), 'refused: ERR_TLS_CERT_ALTNAME_INVALID')

  const url = with_(database.url, `sslmode=verify-full&sslrootcert=${files.ca}&application_name=mine`)
  for (const [name, connectWith] of Object.entries(drivers))
    t.match(await connectWith(url), { name: 'mine' }, name)
  const app = await buildTestApp(t, { database: { ...database, url } })
  t.equal((await app.anonymous.request({ method: 'GET', url: '/readyz' })).status, 200)
  const [count] = await connect(t, database.adminUrl)`
    select count(*)::int as open, count(*) filter (where ssl)::int as secured from pg_stat_ssl
    join pg_stat_activity using (pid) where usename = ${database.appRole}`
  t.ok(count?.open >= 2)
  t.equal(count?.secured, count?.open, 'the pool and the listener use TLS')
})

t.test('connects to a server without TLS, over a Unix socket, and as a role with a dot', async (t) => {
  const dir = socketDirectory(t)
  const { database } = await ownPostgres(t, { unix_socket_directories: dir })
  t.equal(await reach(with_(database.url, 'sslmode=prefer')), 'plain')
  t.equal(await reach(with_(database.url, 'sslmode=require')), 'refused: NO_TLS')

  const admin = connect(t, database.adminUrl)
  await admin.unsafe(`create role "svc@proj.iam" login password 'p@w/#1'`)
  const { places, database: name } = parseDatabaseUrl(database.url)
  await admin.unsafe(`grant connect on database ${name} to "svc@proj.iam"`)
  await prepareDatabase({ migrationUrl: database.ownerUrl, appRole: 'svc@proj.iam' })
  const { port } = places[0]
  const urls = [
    `postgres://svc@proj.iam:p%40w%2F%231@127.0.0.1:${port}/${name}`,
    `postgres://svc%40proj.iam:p@w%2F#1@127.0.0.1:${port}/${name}`,
    `postgresql:///${name}?host=${dir}&port=${port}&user=svc@proj.iam&password=p%40w%2F%231`,
    `postgresql://svc%40proj.iam:p@w%2F#1@${encodeURIComponent(dir)}:${port}/${name}`,
  ]
  for (const url of urls) {
    t.equal(await reach(url), 'plain', url)
    t.ok((await migrationStatus(url, { folder: MIGRATIONS_FOLDER })).length > 0)
  }
  const app = await buildTestApp(t, { database: { ...database, url: urls[3] ?? '' } })
  t.equal((await app.anonymous.request({ method: 'GET', url: '/readyz' })).status, 200)
  t.ok(await app.signUp(), 'the role has the privileges that it needs')
  const queue = new Queue(
    'any',
    { connection: inDatabase(urls[2] ?? '') } as never,
    createPostgresBackend as never,
  )
  t.match(await queue.getJobCounts('waiting'), { waiting: 0 })
  await queue.close()
})

t.test('picks the reachable host with the requested properties out of several', async (t) => {
  const primary = await ownPostgres(t)
  const standby = await primary.addStandby()
  const places = [standby, primary].map(({ database }) => parseDatabaseUrl(database.url).places[0])
  const [standbyPort, primaryPort] = places.map(({ port }) => port)
  const nothing = await findFreePort()
  const on = (ports: (number | undefined)[], session?: string) => {
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
    const url = primary.database.url.replace(/127\.0\.0\.1:\d+/, hosts)
    return session ? `${url}?target_session_attrs=${session}` : url
  }
  const all = [nothing, standbyPort, primaryPort]
  t.equal(await reach(on(all)), 'plain, a standby')
  t.equal(await reach(on(all, 'read-write')), 'plain')
  t.equal(await reach(on(all, 'primary')), 'plain')
  t.equal(await reach(on([primaryPort, standbyPort], 'read-only')), 'plain, a standby')
  t.equal(await reach(on([primaryPort, standbyPort], 'standby')), 'plain, a standby')
  t.equal(await reach(on([primaryPort], 'prefer-standby')), 'plain')
  t.equal(await reach(on([standbyPort], 'read-write')), 'refused: STANDBY')
  t.equal(await reach(on([nothing])), 'refused: ECONNREFUSED')
  t.equal(await reach(changeDatabaseUrl(on(all), { user: 'nobody', password: 'x' })), 'refused: 28P01')

  const heard: string[] = []
  const url = on(all, 'read-write')
  const options = { channel: 'anything', onMessage: (payload: string) => heard.push(payload) }
  const listener = await openListener({ ...options, url, onConnected: async () => {}, onError: () => {} })
  const sql = connect(t, primary.database.adminUrl)
  await sql.notify('anything', 'hello')
  await listener.settle()
  t.strictSame(heard, ['hello'], 'the listener hears announcements')
  await listener.close()
  const app = await buildTestApp(t, { database: { ...primary.database, url } })
  t.ok(await app.signUp(), 'the application can write')
})
