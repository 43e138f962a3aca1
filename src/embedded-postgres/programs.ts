import { type SpawnOptions, spawn } from 'node:child_process'
import type { Account } from './account.js'
import { EmbeddedPostgresError, errorCode } from './errors.js'

/**
 * Only the variables that PostgreSQL's programs need. PG* variables of the operator would redirect
 * them, and the secrets of the application must not reach a process of another account.
 */
const ENVIRONMENT = Object.fromEntries(
  ['PATH', 'SystemRoot', 'TEMP', 'LD_LIBRARY_PATH'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }),
)

/**
 * Options of `spawn` that run a program as `account`, by default as the current user, with a minimal
 * environment.
 */
export function programOptions(options: { cwd: string; account: Account | undefined }): SpawnOptions {
  return {
    cwd: options.cwd,
    env: { ...ENVIRONMENT, LC_ALL: 'C', TZ: 'UTC' },
    windowsHide: true,
    ...options.account,
  }
}

/**
 * Runs a program and waits until it exits. `input` is its standard input, by default empty.
 * @throws {EmbeddedPostgresError} with the program's own error message when it fails
 */
export async function runProgram(
  program: string,
  options: { args: string[]; cwd: string; account: Account | undefined; input?: string },
): Promise<void> {
  const child = spawn(program, options.args, { ...programOptions(options), stdio: 'pipe' })
  let output = ''
  child.stdout?.resume()
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stdin?.on('error', () => {}) // It exited before reading all input: its exit code says why.
  child.stdin?.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(cannotRun(program, error)))
    child.once('close', resolve)
  })
  // A server in single-user mode reports a failed statement, goes on, and exits with 0.
  if (code !== 0 || /\b(ERROR|FATAL|PANIC):/.test(output))
    throw new EmbeddedPostgresError(decisiveLine(output))
}

export const cannotRun = (program: string, error: Error): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    `cannot run ${program} (${errorCode(error)}): set DATABASE_URL to a PostgreSQL that runs on this system`,
  )

/**
 * Returns the first error line of a log without its time and process. Returns the first three lines
 * when no line is marked as an error.
 */
export function decisiveLine(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const severe = lines.find((line) => /\b(FATAL|PANIC|ERROR|error):/.test(line))
  if (severe) return severe.replace(/^.*?\b(FATAL|PANIC|ERROR|error):\s*/, '')
  return lines.slice(0, 3).join(' ') || 'no output'
}
