import { strict as assert } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'

export type Running = {
  child: ChildProcess
  /** The whole output of this process and of its predecessors with the same log. */
  output: () => string
  /**
   * Sends SIGTERM and waits for the end.
   *
   * @throws {AssertionError} unless the process exits with 0
   */
  stop: () => Promise<{ ms: number }>
}

type Options = { cwd: string; env: NodeJS.ProcessEnv; log: string }

const running = new Set<ChildProcess>()

/**
 * Starts the program directly, as in a container, without a shell that
 * would keep signals or change the exit code.
 */
export function start(command: string, { cwd, env, log }: Options): Running {
  const [program = '', ...args] = command.split(' ')
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const file = createWriteStream(log, { flags: 'a' })
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => file.write(chunk))
  const exit = once(child, 'exit').finally(() => running.delete(child))
  const output = () => (existsSync(log) ? readFileSync(log, 'utf8') : '')
  const stop = async () => {
    const startedAt = performance.now()
    child.kill('SIGTERM')
    assert.deepEqual(await exit, [0, null], `${command} does not end in order:\n${output().slice(-2000)}`)
    return { ms: performance.now() - startedAt }
  }
  return { child, output, stop }
}

/**
 * Returns the standard output of a command.
 *
 * @throws {AssertionError} unless it exits with 0
 */
export async function outputOf(command: readonly string[], options: Omit<Options, 'log'>, input = '') {
  const [program = '', ...args] = command
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(input)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, `${command.join(' ')} ended with ${code}:\n${text}`)
  return text.trim()
}

export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
