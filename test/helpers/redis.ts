import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { eventually } from './eventually.js'
import { LATER } from './passing-time.js'

/** Why a test that needs a Redis of its own to break is skipped. */
export const NO_REDIS =
  LATER || (spawnSync('redis-server', ['--version']).status !== 0 && 'there is no redis-server to start')

export type OwnRedis = {
  url: string
  /** Answers once it takes connections. It remembers nothing of the run before. */
  start: () => Promise<void>
  kill: () => Promise<void>
  /** It keeps its connections and takes new ones, and answers nobody. */
  freeze: () => void
  thaw: () => void
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Not started yet. It ends with the test. */
export async function ownRedis(t: Test, more: Record<string, string> = {}): Promise<OwnRedis> {
  const port = await findFreePort()
  const url = `redis://127.0.0.1:${port}`
  const dir = mkdtempSync(join(tmpdir(), 'redis-'))
  let server: ChildProcess | undefined
  const start = async () => {
    const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir, ...more }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
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

async function isAnswering(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  try {
    return (await client.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    client.disconnect()
  }
}
