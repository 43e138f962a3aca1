import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
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
export function renderRelease(
  starter: string,
  commit: string,
  choices: Record<string, unknown>,
  folder: string,
): void {
  checkOut(starter, commit, folder)
  rmSync(join(folder, CODEMODS), { recursive: true, force: true })
  runIn(folder, ['run-init.ts', JSON.stringify(choices)])
}

/** Changes the code in a folder as `codemods`, paths of files, say. */
export function runCodemods(codemods: string[], folder: string): void {
  if (codemods.length > 0) runIn(folder, ['run-codemods.ts', ...codemods])
}

/**
 * Runs a program of this folder on a checkout, in a process of its own: each release brings its own code. It
 * uses the packages that the product has installed, which are linked above the checkout. Only when one is
 * missing, the release's own are installed.
 */
function runIn(folder: string, [program = '', ...args]: string[]): void {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const attempt = () =>
    spawnSync(process.execPath, ['--import', 'tsx', path, ...args], { cwd: folder, encoding: 'utf8' })
  let { status, stderr } = attempt()
  if (status !== 0 && /Cannot find (package|module) '[^./]/.test(stderr) && install(folder))
    ({ status, stderr } = attempt())
  if (status === 0) return
  const message = /^\w*Error\b.*$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1)
  throw new OperatorError(`${program.replace(/\.ts$/, '')} fails: ${message}`)
}

function install(folder: string): boolean {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  const options = { cwd: folder, stdio: 'ignore', shell: process.platform === 'win32' } as const
  return spawnSync('npm', args, options).status === 0
}
