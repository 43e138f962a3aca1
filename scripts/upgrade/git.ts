import { spawnSync } from 'node:child_process'
import { OperatorError } from '../../src/lib/errors/operator-error.js'

type Options = { env?: NodeJS.ProcessEnv }

/** Hooks belong to the commits of people: the checks of this merge come after it. */
const SETTINGS = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.quotePath=false']

/**
 * Runs git in a folder and returns what it prints, without the last line break.
 *
 * @throws {OperatorError} with git's own words, in one line
 */
export function git(folder: string, args: string[], options?: Options): string {
  const { status, stdout, stderr } = runGit(folder, args, options)
  if (status === 0) return stdout.replace(/\n$/, '')
  const [line = ''] = stderr.trim().split('\n').slice(-1)
  throw new OperatorError(`git ${args[0]}: ${line.replace(/^(fatal|error): /, '')}`)
}

/** Runs git in a folder and returns whether its exit code is 0. */
export const gitSucceeds = (folder: string, args: string[]): boolean => runGit(folder, args).status === 0

function runGit(folder: string, args: string[], { env }: Options = {}) {
  const result = spawnSync('git', ['-C', folder, ...SETTINGS, ...args], {
    env: { ...process.env, ...env, LC_ALL: 'C' },
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  })
  if (result.error) throw new OperatorError(`git does not start: ${result.error.message}`)
  return result
}
