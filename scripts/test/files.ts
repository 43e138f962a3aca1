import { readdirSync, readFileSync } from 'node:fs'
import { posix, sep } from 'node:path'
import { OperatorError } from '../../src/lib/errors/operator-error.js'

/** Folders that `npm test` leaves to scripts of their own: each waits for processes more than it computes. */
const PARTS = ['browser', 'docs', 'faults', 'processes', 'scale']

export const isPart = (path: string): boolean => PARTS.some((part) => path.startsWith(`test/${part}/`))

const OWN_PROCESS = /^\/\/ own process: /m

export type TestFile = { path: string; bytes: number; needsOwnProcess: boolean }

/**
 * The test files that the arguments name: files, or folders with everything below them. Without any, all but the parts.
 *
 * @throws {OperatorError} when an argument names no test file
 */
export function selectTestFiles(wanted: readonly string[]): TestFile[] {
  const all = (readdirSync('test', { recursive: true }) as string[])
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => posix.join('test', name.split(sep).join('/')))
    .sort()

  if (wanted.length === 0) return all.filter((path) => !isPart(path)).map(toTestFile)
  const selected = new Set<string>()
  for (const name of wanted.map((each) => posix.normalize(each.split(sep).join('/')).replace(/\/$/, ''))) {
    const found = all.filter((path) => path === name || path.startsWith(`${name}/`))
    if (found.length === 0) throw new OperatorError(`${name} is no test file, and no folder with one.`)
    for (const path of found) selected.add(path)
  }
  return [...selected].map(toTestFile)
}

function toTestFile(path: string): TestFile {
  const text = readFileSync(path, 'utf8')
  return { path, bytes: text.length, needsOwnProcess: OWN_PROCESS.test(text) }
}
