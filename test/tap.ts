/**
 * tap's `t` for a test file. One process runs many files, because loading the program costs more than most of their tests:
 * each file is a group, and its hooks and teardowns end with it.
 */
import root, { type Test } from 'tap'

export type { Test } from 'tap'

/** Far above what the slowest file takes, on a machine loaded several times over: only a hang reaches it. */
const TIMEOUT_MS = 600_000

let group: Test = root

/** Imports a test file, whose path is relative to the project, and resolves when its last test has ended. */
export async function runFile(file: string): Promise<void> {
  await root.test(file, { timeout: TIMEOUT_MS }, async (t) => {
    group = t
    await import(`../${file}`)
  })
}

// An error that no test has caught fails the file. tap's own way is switched off, see without-async-hooks.ts.
process.on('uncaughtException', (error) => group.threw(error))

/** The group of the file that runs. */
export default new Proxy(root, {
  get: (_, key) => {
    const value = Reflect.get(group, key, group)
    return typeof value === 'function' ? value.bind(group) : value
  },
})
