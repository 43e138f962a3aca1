import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { getAccount } from '../../../src/embedded-postgres/account.js'
import { canExecute } from '../../../src/embedded-postgres/binaries.js'
import { EmbeddedPostgresError, startEmbeddedPostgres } from '../../../src/embedded-postgres/index.js'
import { isRunning } from '../../../src/embedded-postgres/process-identity.js'
import { newDataDir, nobody, query, serverOf } from '../../helpers/embedded-dir.js'
import t from '../../tap.js'

t.test('the first start creates the database, and the next one finds its data', async (t) => {
  const dataDir = newDataDir(t)
  const first = await startEmbeddedPostgres({ dataDir })
  const server = serverOf(dataDir)
  await query(first.ownerUrl, 'create table kept (word text); insert into kept values ($$here$$)')
  await first.stop()
  await first.stop()
  t.notOk(isRunning(server), 'the last process to leave stops the server')

  const second = await startEmbeddedPostgres({ dataDir })
  t.strictSame([...(await query(second.ownerUrl, 'select word from kept'))], [{ word: 'here' }])
  await second.stop()
  t.strictSame(readdirSync(dataDir).sort(), ['cluster', 'port', 'server.log', 'users'])
})

t.test('keeps its port between starts, unless another program has taken it', async (t) => {
  const dataDir = newDataDir(t)
  const portOf = async () => {
    const { port, stop } = await startEmbeddedPostgres({ dataDir })
    await stop()
    return port
  }
  const first = await portOf()
  t.equal(await portOf(), first)

  const other = createServer().listen(first, '127.0.0.1')
  await once(other, 'listening')
  const second = await portOf()
  t.not(second, first)
  other.close()
  t.equal(await portOf(), second, 'the new port is kept, too')

  writeFileSync(path.join(dataDir, 'port'), 'no port')
  t.ok(await portOf())
})

t.test('each role can do only its own work', async (t) => {
  const database = await startEmbeddedPostgres({ dataDir: newDataDir(t), ephemeral: true })
  t.teardown(() => database.stop())
  for (const statement of [
    'create table public.mine (id int)',
    'create schema mine',
    'create temporary table mine (id int)',
    'create database mine',
    'create role mine',
  ]) {
    await t.rejects(
      query(database.appUrl, statement),
      { code: '42501' },
      `the application cannot ${statement}`,
    )
  }
  await t.rejects(query(database.ownerUrl, 'create role mine'), { code: '42501' })
  await query(database.ownerUrl, 'create table public.migrated (id int); create schema audit')
  await query(database.superuserUrl, 'create role helper')
  await query(database.superuserUrl, 'create database helper owner helper')
  const [names] = await query(
    database.appUrl,
    `select current_user as app, pg_get_userbyid(datdba) as owner, datname, pg_encoding_to_char(encoding) as encoding
     from pg_database where datname = current_database()`,
  )
  t.match(names, {
    app: 'app_user',
    owner: 'app_owner',
    datname: 'app',
    encoding: 'UTF8',
  })
})

t.test('listens on the loopback address only and keeps its passwords secret', async (t) => {
  const dataDir = newDataDir(t)
  const database = await startEmbeddedPostgres({ dataDir, ephemeral: true })
  t.teardown(() => database.stop())
  const [settings] = await query(
    database.superuserUrl,
    `select current_setting('listen_addresses') as address, current_setting('unix_socket_directories') as sockets`,
  )
  t.match(settings, { address: '127.0.0.1', sockets: '' })
  t.equal(statSync(path.join(dataDir, 'cluster', 'credentials.json')).mode & 0o777, 0o600)
  const wrong = new URL(database.superuserUrl)
  wrong.password = 'guessed'
  await t.rejects(query(wrong.href, 'select 1'), { code: '28P01' })
})

t.test('a temporary database leaves nothing and never replaces a permanent one', async (t) => {
  const dataDir = newDataDir(t)
  const kept = await startEmbeddedPostgres({ dataDir })
  await kept.stop()
  await t.rejects(startEmbeddedPostgres({ dataDir, ephemeral: true }), EmbeddedPostgresError)
  t.ok(existsSync(path.join(dataDir, 'cluster')))

  const other = path.join(path.dirname(dataDir), 'throw-away')
  const ephemeral = await startEmbeddedPostgres({ dataDir: other, ephemeral: true })
  await ephemeral.stop()
  t.strictSame(readdirSync(path.dirname(other)), ['postgres'])
})

t.test('leftovers of dead processes block no start, even if their pids live on', async (t) => {
  const dataDir = newDataDir(t)
  await (await startEmbeddedPostgres({ dataDir })).stop()
  const reused = `${process.pid}-1`
  mkdirSync(path.join(dataDir, 'lock'))
  writeFileSync(path.join(dataDir, 'lock', reused), '')
  writeFileSync(path.join(dataDir, 'users', `${reused}.1`), '')
  writeFileSync(path.join(dataDir, 'server.pid'), reused)
  const postmasterFile = path.join(dataDir, 'cluster', 'postmaster.pid')
  writeFileSync(postmasterFile, [process.pid, 'cluster', 1, 1, '', '', '', 'ready', ''].join('\n'))
  if (nobody) chownSync(postmasterFile, nobody.uid, nobody.gid)
  mkdirSync(path.join(dataDir, `cluster.${reused}`))

  const database = await startEmbeddedPostgres({ dataDir })
  const server = serverOf(dataDir)
  await database.stop()
  t.notOk(isRunning(server))
})

t.test(
  'a copy of a directory in use gets its own server',
  {
    skip: process.platform === 'win32',
  },
  async (t) => {
    const dataDir = newDataDir(t)
    const original = await startEmbeddedPostgres({ dataDir })
    t.teardown(() => original.stop())
    await query(original.superuserUrl, 'checkpoint')
    const copyDir = path.join(path.dirname(dataDir), 'copy')
    spawnSync('cp', ['-a', dataDir, copyDir])

    const copy = await startEmbeddedPostgres({ dataDir: copyDir })
    t.not(copy.port, original.port)
    await copy.stop()
    await query(original.ownerUrl, 'select 1')
  },
)

t.test('names an unusable directory in one line and says what to do', async (t) => {
  const dataDir = newDataDir(t)
  await (await startEmbeddedPostgres({ dataDir })).stop()
  const damages: Record<string, { damage: (cluster: string) => void; says: RegExp }> = {
    'another major version': {
      damage: (cluster) => writeFileSync(path.join(cluster, 'PG_VERSION'), '15\n'),
      says: /made by PostgreSQL 15, not 18/,
    },
    'no control file': {
      damage: (cluster) => rmSync(path.join(cluster, 'global', 'pg_control')),
      says: /does not start .*pg_control/,
    },
    'no write-ahead log': {
      damage: (cluster) => rmSync(path.join(cluster, 'pg_wal'), { recursive: true }),
      says: /does not start .*pg_wal/,
    },
    'a corrupt control file': {
      damage: (cluster) => writeFileSync(path.join(cluster, 'global', 'pg_control'), Buffer.alloc(8192, 7)),
      says: /does not start/,
    },
    'no catalog': {
      damage: (cluster) => rmSync(path.join(cluster, 'global', 'pg_filenode.map')),
      says: /pg_filenode\.map/,
    },
    'no databases': {
      damage: (cluster) => rmSync(path.join(cluster, 'base'), { recursive: true }),
      says: /base/,
    },
    'no passwords': {
      damage: (cluster) => rmSync(path.join(cluster, 'credentials.json')),
      says: /files are missing/,
    },
    'half a password file': {
      damage: (cluster) => writeFileSync(path.join(cluster, 'credentials.json'), '{"own'),
      says: /credentials\.json is damaged/,
    },
    'no cluster but something else': {
      damage: (cluster) => {
        rmSync(cluster, { recursive: true })
        writeFileSync(path.join(path.dirname(cluster), 'letter.txt'), 'Dear …')
      },
      says: /not empty, but holds no database .*letter\.txt/,
    },
  }
  for (const [name, { damage, says }] of Object.entries(damages)) {
    const copy = path.join(path.dirname(dataDir), name)
    spawnSync('cp', ['-a', dataDir, copy])
    damage(path.join(copy, 'cluster'))
    const error: unknown = await startEmbeddedPostgres({ dataDir: copy }).catch((reason: unknown) => reason)
    t.ok(error instanceof EmbeddedPostgresError, name)
    t.match(error, { message: says })
    t.match(error, { message: copy }, 'names the directory')
    t.match(error, { message: /start afresh.* DATABASE_URL/ }, 'says what to do')
    t.notMatch(error, { message: '\n' })
    t.strictSame(readdirSync(path.join(copy, 'users')), [])
    t.notOk(isRunning(serverOf(copy)))
  }
  const file = path.join(path.dirname(dataDir), 'file')
  writeFileSync(file, '')
  await t.rejects(startEmbeddedPostgres({ dataDir: file }), { message: /it is a file.*DATABASE_URL/ })
  await t.rejects(startEmbeddedPostgres({ dataDir: path.join(file, 'x') }), {
    message: /part of the path is a file/,
  })
})

t.test(
  'asks for DATABASE_URL on a system without binaries or without an account for the server',
  async (t) => {
    const dataDir = newDataDir(t)
    await t.rejects(startEmbeddedPostgres({ dataDir, platform: 'linux-s390x' }), {
      name: 'EmbeddedPostgresError',
      message: /linux-s390x: set DATABASE_URL/,
    })
    t.throws(() => getAccount('nobody', 'root:x:0:0::/root:/bin/sh\n'), {
      message: /no account "nobody".*DATABASE_URL/,
    })
  },
)

t.test(
  'root runs the server as "nobody", below a directory that "nobody" may not enter',
  {
    skip: !nobody && 'needs root',
  },
  async (t) => {
    const dataDir = newDataDir(t)
    const database = await startEmbeddedPostgres({ dataDir, ephemeral: true })
    t.teardown(() => database.stop())
    t.equal(statSync(dataDir).uid, 0)
    t.equal(statSync(dataDir).mode & 0o077, 0)
    t.equal(statSync(path.join(dataDir, 'cluster', 'postmaster.pid')).uid, nobody?.uid)
    t.notOk(nobody && canExecute(path.join(dataDir, 'cluster', 'PG_VERSION'), nobody))
    t.ok(nobody && canExecute('/bin/sh', nobody))
  },
)
