import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { EmbeddedPostgres } from '../../src/embedded-postgres/index.js'
import type { Test } from '../tap.js'
import { bundled } from './bundle.js'

const [, PROGRAM] = await bundled('test/processes/embedded-postgres/fixtures/embedded-user.ts')

export type EmbeddedUser = {
  child: ChildProcessWithoutNullStreams
  /** Resolves to undefined when the process ended before the database was up. */
  started: Promise<EmbeddedPostgres | undefined>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>
  /** Sends a command: `stop`, `exit` or `throw`. */
  send(word: string): void
}

/**
 * Starts another process that uses the database in `dataDir`, in a separate process group like a
 * terminal.
 */
export function spawnEmbeddedUser(
  t: Test,
  options: { dataDir: string; graceful?: boolean; account?: { uid: number; gid: number } | undefined },
): EmbeddedUser {
  const args = [PROGRAM, options.dataDir, ...(options.graceful ? ['graceful'] : [])]
  // HOME is unset, as in many containers. Coverage is left out, because another account cannot
  // write it here.
  const unset = ['HOME', ...(options.account ? ['NODE_OPTIONS'] : [])].flatMap((name) => ['-u', name])
  const child = spawn('env', [...unset, process.execPath, ...args], {
    ...options.account,
    detached: true,
    stdio: 'pipe',
  })
  t.teardown(() => child.kill('SIGKILL'))

  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  const firstLine = once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(line))
  const started = Promise.race([firstLine, ended.then(() => undefined)])
  return { child, started, ended, send: (word) => child.stdin.write(`${word}\n`) }
}

export async function stopBy(word: string, user: EmbeddedUser) {
  user.send(word)
  return await user.ended
}
