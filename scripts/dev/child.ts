import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Program } from './programs.js'

export type Child = {
  /** Resolves with where it listens, or with nothing, as soon as it says that it is ready; never when it ends before. */
  ready: Promise<string>
  /** Resolves with its exit code. */
  ended: Promise<number>
  stop: () => Promise<number>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Node itself with tsx as its loader: the `tsx` command would be one more process to start, and to end. */
export function startChild({ args }: Program, env: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ready = once(child, 'message').then(([{ ready }]) => (typeof ready === 'string' ? ready : ''))
  const ended = once(child, 'exit').then(([code]) => code ?? 1)
  const stop = () => {
    child.kill()
    return ended
  }
  return { ready, ended, stop }
}
