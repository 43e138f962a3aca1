import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'

const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill()
})

/**
 * Starts a Node program that communicates by messages. Its output goes to
 * /dev/null, as cheap as the pipe of a log collector, unless `stdout` is `pipe`.
 */
export function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  stdout: 'null' | 'pipe' = 'null',
): ChildProcess {
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: ['ignore', stdout === 'pipe' ? 'pipe' : openSync('/dev/null', 'w'), 'inherit', 'ipc'],
  })
  keepUntilExit(child)
  return child
}

/** Ends the program with this process at the latest. */
export function keepUntilExit(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}

/**
 * Resolves with the next message.
 *
 * @throws {Error} when the program ends instead
 */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const ending = new AbortController()
  const { signal } = ending
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message as T),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`A program of the bench ended with ${code}`)
      }),
    ])
  } finally {
    ending.abort()
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill()
  await ended
}
