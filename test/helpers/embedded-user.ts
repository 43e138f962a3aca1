import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { EmbeddedPostgres } from '../../src/embedded-postgres/index.js'

const PROGRAM = fileURLToPath(new URL('../embedded-postgres/fixtures/embedded-user.ts', import.meta.url))

export type EmbeddedUser = {
  child: ChildProcessWithoutNullStreams
  /** Undefined when it ended before the database was up. */
  started: Promise<EmbeddedPostgres | undefined>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>
  /** `stop`, `exit` or `throw`. */
  tell(word: string): void
}

/** Starts another process that uses the database in `dataDir`, in a process group of its own as a terminal would. */
export function spawnEmbeddedUser(
  t: Test,
  options: { dataDir: string; graceful?: boolean; account?: { uid: number; gid: number } | undefined },
): EmbeddedUser {
  const args = ['--import', 'tsx', PROGRAM, options.dataDir, ...(options.graceful ? ['graceful'] : [])]
  // HOME is unset, as in many containers. Another account cannot write coverage into this directory: leave it out.
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
  return { child, started, ended, tell: (word) => child.stdin.write(`${word}\n`) }
}

export async function stopBy(word: string, user: EmbeddedUser) {
  user.tell(word)
  return await user.ended
}
