import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { eventually } from './eventually.js'
import { findFreePort } from './ports.js'

/** The `skip` option of tests that break a separate Redis: the reason, or false. */
export const NO_REDIS =
  spawnSync('redis-server', ['--version']).status !== 0 && 'redis-server is not installed'

export type OwnRedis = {
  url: string
  /** Resolves once Redis accepts connections. It starts empty. */
  start: (more?: Record<string, string>) => Promise<void>
  kill: () => Promise<void>
  /** Keeps connections open and accepts new ones, but answers nothing. */
  freeze: () => void
  thaw: () => void
}

/** Prepares a separate Redis without starting it. It ends with the test. */
export async function ownRedis(t: Test, more: Record<string, string> = {}): Promise<OwnRedis> {
  const port = await findFreePort()
  const url = `redis://127.0.0.1:${port}`
  const dir = mkdtempSync(join(tmpdir(), 'redis-'))
  let server: ChildProcess | undefined
  const start = async (now: Record<string, string> = {}) => {
    const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir, ...more, ...now }
    const args = Object.entries(options).flatMap(([name, value]) => [
      `--${name}`,
      ...(value === '' ? [''] : String(value).split(' ')),
    ])
    server = spawn('redis-server', args, { stdio: 'ignore' })
    await eventually(() => isAnswering(url))
  }
  const kill = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  t.teardown(async () => {
    await kill()
    rmSync(dir, { recursive: true })
  })
  return {
    url,
    start,
    kill,
    freeze: () => server?.kill('SIGSTOP'),
    thaw: () => server?.kill('SIGCONT'),
  }
}

/** Starts a cluster of three masters. `counts` returns the number of keys of each. */
export async function ownCluster(t: Test) {
  const nodes = await Promise.all(Array.from({ length: 3 }, () => ownRedis(t, { 'cluster-enabled': 'yes' })))
  await Promise.all(nodes.map(({ start }) => start()))
  const hosts = nodes.map(({ url }) => new URL(url).host)
  const made = spawnSync('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes'], {
    encoding: 'utf8',
  })
  if (made.status !== 0) throw new Error(made.stdout + made.stderr)
  const ask = async <T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(url)
    return question(client).finally(() => client.disconnect())
  }
  await eventually(async () => {
    const states = await Promise.all(nodes.map(({ url }) => ask(url, (client) => client.cluster('INFO'))))
    return states.every((state) => state.includes('cluster_state:ok'))
  }, 30_000)
  return {
    url: `redis+cluster://${hosts.join(',')}`,
    nodes,
    counts: () => Promise.all(nodes.map(({ url }) => ask(url, (client) => client.dbsize()))),
  }
}

/** Starts a master with a replica, and three sentinels that fail over between them. */
export async function ownSentinels(t: Test) {
  const [master, replica] = [await ownRedis(t), await ownRedis(t)]
  await master.start()
  const { hostname, port } = new URL(master.url)
  await replica.start({ replicaof: `${hostname} ${port}` })
  const dir = mkdtempSync(join(tmpdir(), 'sentinels-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const hosts = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const own = await findFreePort()
      const lines = [
        `port ${own}`,
        `dir ${dir}`,
        `sentinel monitor the-master ${hostname} ${port} 2`,
        'sentinel down-after-milliseconds the-master 500',
        'sentinel failover-timeout the-master 5000',
      ]
      const file = join(dir, `${own}.conf`)
      writeFileSync(file, lines.join('\n'))
      const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
      t.teardown(() => sentinel.kill('SIGKILL'))
      await eventually(() => isAnswering(`redis://127.0.0.1:${own}`))
      return `127.0.0.1:${own}`
    }),
  )
  const client = new Redis(`redis://${hosts[0]}`)
  t.teardown(() => client.disconnect())
  await eventually(async () => {
    const found = (await client.call('SENTINEL', 'master', 'the-master')) as string[]
    const value = (name: string) => found[found.indexOf(name) + 1]
    return value('num-other-sentinels') === '2' && value('num-slaves') === '1'
  }, 30_000)
  return { url: `redis+sentinel://${hosts.join(',')}/the-master`, master, replica }
}

async function isAnswering(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    return (await client.ping()) === 'PONG'
  } catch (error) {
    // Redis is up when it asks for a password.
    return String(error).includes('NOAUTH')
  } finally {
    client.disconnect()
  }
}
