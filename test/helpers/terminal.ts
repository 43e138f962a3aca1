import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import { startProcess } from './process.js'

/** False, or why a test that needs a terminal cannot run here. */
export const withoutTerminal =
  !/util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '') &&
  'the script command of util-linux is not there'

/** Runs a command in a pseudo terminal, whose screen shows both of its outputs. */
export function startInTerminal(t: Test, command: string, env: NodeJS.ProcessEnv) {
  const terminal = startProcess(t, ['script', '-qec', command, '/dev/null'], {
    env: { TERM: 'xterm', ...env },
    stdin: 'pipe',
  })
  /** Presses keys once the screen has shown the question. */
  const answer = async (question: RegExp, keys: string) => {
    await terminal.says(question)
    terminal.child.stdin?.write(keys)
  }
  return { ...terminal, answer }
}
