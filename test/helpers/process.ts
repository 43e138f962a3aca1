import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

export const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url))

export type Ended = {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export type StartedProcess = {
  child: ChildProcess
  /** The standard output so far. */
  stdout: () => string
  /**
   * Waits for the pattern in standard output and returns the match; rejects when the process ends
   * without it.
   */
  says: (pattern: RegExp) => Promise<RegExpExecArray>
  ended: Promise<Ended>
}

type Options = {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Opens an IPC channel to the parent, as a process manager does. */
  ipc?: boolean
  /** `pipe` leaves standard input open for the test to write to. */
  stdin?: 'pipe'
  /** Makes the process lead a group, as in a terminal: `process.kill(-pid)` reaches all of it. */
  group?: boolean
}

/**
 * Starts a program with only the environment of `env`, so that neither the hooks of the test runner
 * (NODE_OPTIONS) nor the environment of the developer influence a test.
 */
export function startProcess(
  t: Test,
  command: readonly [string, ...string[]],
  options: Options = {},
): StartedProcess {
  const [program, ...args] = command
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(program, args, {
    cwd: options.cwd ?? PACKAGE_ROOT,
    env: { PATH, HOME, TMPDIR, ...options.env },
    detached: options.group ?? false,
    stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe', ...(options.ipc ? (['ipc'] as const) : [])],
  })
  t.teardown(() => (options.group ? killGroup(child) : child.kill('SIGKILL')))
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk
    })
  }
  // Not `close`, which is not emitted once the parent has disconnected.
  const ends = [
    once(child, 'exit'),
    finished(child.stdout as Readable),
    finished(child.stderr as Readable),
  ] as const
  const ended = Promise.all(ends).then(([[code, signal]]): Ended => ({ code, signal, ...output }))
  return { child, stdout: () => output.stdout, says: (pattern) => says(child, output, ended, pattern), ended }
}

function killGroup({ pid = 0 }: ChildProcess): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole group has ended.
  }
}

/** Runs a program to its end. */
export const run = (t: Test, command: readonly [string, ...string[]], options?: Options): Promise<Ended> =>
  startProcess(t, command, options).ended

function says(
  child: ChildProcess,
  output: { stdout: string; stderr: string },
  ended: Promise<Ended>,
  pattern: RegExp,
) {
  return new Promise<RegExpExecArray>((resolve, reject) => {
    const look = () => {
      const match = pattern.exec(output.stdout)
      if (match) resolve(match)
    }
    child.stdout?.on('data', look)
    look()
    ended.then(() =>
      reject(new Error(`The process ended without printing ${pattern}:\n${output.stdout}${output.stderr}`)),
    )
  })
}
