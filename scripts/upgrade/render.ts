import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { CODEMODS } from './codemods.js'
import { checkOut } from './trees.js'

/** Folders with the three sides of the merge. */
export interface Trees {
  /** The product as it is committed. */
  product: string
  /** The release that the product has, under the product's name and features. */
  old: string
  /** The release that it gets, likewise. */
  next: string
}

/** Checks a release out, without its codemods, and lets its own `init` make the product of it. */
export async function renderRelease(
  starter: string,
  commit: string,
  choices: Record<string, unknown>,
  folder: string,
): Promise<void> {
  checkOut(starter, commit, folder)
  rmSync(join(folder, CODEMODS), { recursive: true, force: true })
  await runIn(folder, ['run-init.ts', JSON.stringify(choices)])
}

/** Changes the code in a folder as `codemods`, paths of files, say. */
export async function runCodemods(codemods: string[], folder: string): Promise<void> {
  if (codemods.length > 0) await runIn(folder, ['run-codemods.ts', ...codemods])
}

/** Waits for the end of all, also when one fails: then their folder is removed. */
export async function runAll(runs: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(runs)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/**
 * Runs a program of this folder on a checkout, in a process of its own: each release brings its own code. It
 * uses the packages that the product has installed, which are linked above the checkout. Only when one is
 * missing, the release's own are installed.
 */
async function runIn(folder: string, [program = '', ...args]: string[]): Promise<void> {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const attempt = () => run(process.execPath, ['--import', 'tsx', path, ...args], folder)
  let { code, stderr } = await attempt()
  if (code !== 0 && /Cannot find (package|module) '[^./]/.test(stderr) && (await install(folder)))
    ({ code, stderr } = await attempt())
  if (code === 0) return
  const message = /^\w*Error\b.*$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1)
  throw new OperatorError(`${program.replace(/\.ts$/, '')} fails: ${message}`)
}

async function install(folder: string): Promise<boolean> {
  const { code } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
  return code === 0
}

async function run(program: string, args: string[], cwd: string) {
  const shell = program === 'npm' && process.platform === 'win32'
  const child = spawn(program, args, { cwd, shell, stdio: ['ignore', 'ignore', 'pipe'] })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code: code as number | null, stderr }
}
