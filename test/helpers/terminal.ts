import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import { startProcess } from './process.js'

/** The `skip` option of tests that need a terminal: the reason, or false. */
export const withoutTerminal =
  !/util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '') &&
  'the script command of util-linux is not installed'

/** Runs a command in a pseudo terminal, which shows both of its outputs. */
export function startInTerminal(t: Test, command: string, env: NodeJS.ProcessEnv) {
  const terminal = startProcess(t, ['script', '-qec', command, '/dev/null'], {
    env: { TERM: 'xterm', ...env },
    stdin: 'pipe',
  })
  /** Sends keys once the question is shown. */
  const answer = async (question: RegExp, keys: string) => {
    await terminal.says(question)
    terminal.child.stdin?.write(keys)
  }
  return { ...terminal, answer }
}
