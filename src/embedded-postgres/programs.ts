import { type SpawnOptions, spawn } from 'node:child_process'
import type { Account } from './account.js'
import { EmbeddedPostgresError, errorCode } from './errors.js'

/**
 * What PostgreSQL's programs need and no more: PG* variables of the operator would redirect them, and the
 * application's secrets have no business in the environment of another account's process.
 */
const ENVIRONMENT = Object.fromEntries(
  ['PATH', 'SystemRoot', 'TEMP', 'LD_LIBRARY_PATH'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }),
)

export function programOptions(options: { cwd: string; account: Account | undefined }): SpawnOptions {
  return {
    cwd: options.cwd,
    env: { ...ENVIRONMENT, LC_ALL: 'C', TZ: 'UTC' },
    windowsHide: true,
    ...options.account,
  }
}

/** Runs a program to its end; throws its own decisive words when it fails. */
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
  child.stdin?.on('error', () => {}) // it ended before it read everything: its exit code tells
  child.stdin?.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(cannotRun(program, error)))
    child.once('close', resolve)
  })
  // A server in single-user mode reports a failed statement and goes on to exit with 0.
  if (code !== 0 || /\b(ERROR|FATAL|PANIC):/.test(output))
    throw new EmbeddedPostgresError(decisiveLine(output))
}

export const cannotRun = (program: string, error: Error): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    `cannot run ${program} (${errorCode(error)}): set DATABASE_URL to a PostgreSQL that runs on this system`,
  )

/** The line of a log that says why, without its time and process; where none is marked as severe, all of a short log. */
export function decisiveLine(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const severe = lines.find((line) => /\b(FATAL|PANIC|ERROR|error):/.test(line))
  if (severe) return severe.replace(/^.*?\b(FATAL|PANIC|ERROR|error):\s*/, '')
  return lines.slice(0, 3).join(' ') || 'it said nothing'
}
