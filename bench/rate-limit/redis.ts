import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { findFreePort } from '../../test/helpers/ports.js'

export type BenchRedis = { url: string; pid: number; client: Redis; stop: () => Promise<void> }

/** Starts a separate Redis for each side, to measure their CPU time separately. */
export async function startRedis(): Promise<BenchRedis> {
  const port = await findFreePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', options, { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  const client = new Redis(url, { retryStrategy: () => 50 })
  client.on('error', () => undefined)
  await Promise.race([once(client, 'ready').catch(() => once(client, 'ready')), hasFailed(server)])
  return {
    url,
    pid: Number(server.pid),
    client,
    stop: async () => {
      client.disconnect()
      const ended = once(server, 'exit')
      server.kill()
      await ended
    },
  }
}

async function hasFailed(server: ChildProcess): Promise<never> {
  const [code] = await once(server, 'exit')
  throw new Error(`redis-server ended with ${code}`)
}
