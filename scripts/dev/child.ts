import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Program } from './programs.js'

export type Child = {
  /** Resolves with the URL where it listens, or '', when it is ready. Stays pending if it ends before. */
  ready: Promise<string>
  /** Resolves with its exit code. */
  ended: Promise<number>
  stop: () => Promise<number>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A process that is paused, or whose debugger stays attached, does not end on a signal. */
const INSPECTED_DEADLINE_MS = 2_000

/** Starts Node with tsx as its loader: the `tsx` command would be one more process to start and stop. */
export function startChild({ args, isInspected }: Program, env: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ready = once(child, 'message').then(([{ ready }]) => (typeof ready === 'string' ? ready : ''))
  const ended = once(child, 'exit').then(([code]) => code ?? 1)
  const stop = () => {
    child.kill()
    if (isInspected) setTimeout(() => child.kill('SIGKILL'), INSPECTED_DEADLINE_MS).unref()
    return ended
  }
  return { ready, ended, stop }
}
