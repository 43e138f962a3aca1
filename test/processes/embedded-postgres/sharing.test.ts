import { statSync } from 'node:fs'
import path from 'node:path'
import { canExecute } from '../../../src/embedded-postgres/binaries.js'
import { startEmbeddedPostgres } from '../../../src/embedded-postgres/index.js'
import { isRunning, pidOf } from '../../../src/embedded-postgres/process-identity.js'
import { ends, newDataDir, nobody, query, serverOf } from '../../helpers/embedded-dir.js'
import { spawnEmbeddedUser, stopBy } from '../../helpers/embedded-user.js'
import t from '../../tap.js'

t.test('two processes that start at once for the first time share one server', async (t) => {
  const dataDir = newDataDir(t)
  const users = [spawnEmbeddedUser(t, { dataDir }), spawnEmbeddedUser(t, { dataDir })]
  const [one, two] = await Promise.all(users.map((user) => user.started))
  t.ok(one)
  t.strictSame(one, two)
  const server = serverOf(dataDir)
  const results = await Promise.all(users.map((user) => stopBy('stop', user)))
  t.strictSame(
    results,
    [0, 0].map((code) => ({ code, signal: null, stderr: '' })),
  )
  t.notOk(isRunning(server))
})

t.test('the last process to leave stops the server, however each of them leaves', async (t) => {
  const dataDir = newDataDir(t)
  const own = await startEmbeddedPostgres({ dataDir })
  const server = serverOf(dataDir)
  const others = ['stop', 'exit', 'throw'].map((word) => ({ word, user: spawnEmbeddedUser(t, { dataDir }) }))
  for (const { word, user } of others) {
    t.equal((await user.started)?.port, own.port, 'the process adopts the running server')
    await stopBy(word, user)
    t.ok(isRunning(server), `the server runs on after another process left with ${word}`)
  }
  await own.stop()
  t.notOk(isRunning(server))
})

t.test('a process that ends without stopping the server leaves none behind', async (t) => {
  const dataDir = newDataDir(t)
  for (const word of ['exit', 'throw']) {
    const user = spawnEmbeddedUser(t, { dataDir })
    await user.started
    const server = serverOf(dataDir)
    await stopBy(word, user)
    t.ok(await ends(server), word)
  }
})

t.test('Ctrl-C leaves nothing running', async (t) => {
  const dataDir = newDataDir(t)
  for (const graceful of [false, true]) {
    const user = spawnEmbeddedUser(t, { dataDir, graceful })
    await user.started
    const server = serverOf(dataDir)
    process.kill(-(user.child.pid ?? 0), 'SIGINT')
    const expected = graceful ? { code: 0, signal: null } : { code: null, signal: 'SIGINT' }
    t.match(await user.ended, { ...expected, stderr: '' })
    t.ok(await ends(server))
  }
})

t.test('the next process adopts and stops a server whose process was killed', async (t) => {
  const dataDir = newDataDir(t)
  const user = spawnEmbeddedUser(t, { dataDir })
  const { port } = (await user.started) ?? {}
  const server = serverOf(dataDir)
  user.child.kill('SIGKILL')
  await user.ended
  t.ok(isRunning(server))

  const next = await startEmbeddedPostgres({ dataDir })
  t.equal(next.port, port)
  t.equal(serverOf(dataDir), server)
  await next.stop()
  t.notOk(isRunning(server))
})

t.test('the next start recovers the data after the server itself was killed', async (t) => {
  const dataDir = newDataDir(t)
  const first = await startEmbeddedPostgres({ dataDir })
  const server = serverOf(dataDir)
  await query(first.ownerUrl, 'create table kept (word text); insert into kept values ($$here$$)')
  // A busy backend does not notice at once that its server is gone, and holds the shared memory.
  const orphan = query(first.ownerUrl, 'select count(*) from generate_series(1, 4000000)').catch(() => {})
  const isComputing = `select 1 from pg_stat_activity where state = 'active' and query like '%generate\\_series%'
    and pid <> pg_backend_pid()`
  while ((await query(first.superuserUrl, isComputing)).length === 0);
  process.kill(pidOf(server), 'SIGKILL')
  t.ok(await ends(server))

  const second = await startEmbeddedPostgres({ dataDir })
  t.not(serverOf(dataDir), server)
  t.strictSame([...(await query(second.ownerUrl, 'select word from kept'))], [{ word: 'here' }])
  await orphan
  await first.stop()
  await second.stop()
  t.notOk(isRunning(serverOf(dataDir)))
})

const canBeNobody = nobody && canExecute(import.meta.dirname, nobody)
t.test(
  'accounts other than root run the server as themselves',
  {
    skip: !canBeNobody && 'needs root',
  },
  async (t) => {
    const dataDir = newDataDir(t, nobody)
    const user = spawnEmbeddedUser(t, { dataDir, account: nobody })
    t.ok(await user.started)
    t.equal(statSync(path.join(dataDir, 'cluster', 'postmaster.pid')).uid, nobody?.uid)
    const server = serverOf(dataDir)
    const asRoot = await startEmbeddedPostgres({ dataDir })
    t.match(await stopBy('stop', user), { code: 0, stderr: '' })
    await asRoot.stop()
    t.notOk(isRunning(server))

    const locked = newDataDir(t)
    const refused = spawnEmbeddedUser(t, { dataDir: locked, account: nobody })
    t.match(await refused.ended, { code: 1, stderr: /cannot use .*permission denied.*DATABASE_URL.*\n$/ })
  },
)
