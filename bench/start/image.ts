import { execFileSync } from 'node:child_process'
import { copyFileSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const INSTALL = /^RUN (npm ci --omit=dev(?:.*\\\n)*.*)$/m

/**
 * The size of what the Dockerfile adds to Node's image, in MiB, without Docker: the packages come from its own
 * command, run in another directory. Node's image adds its executable, listed here as well, and Debian.
 */
export function describeImage() {
  const packages = sizeOfPackages()
  const build = sizeOf('dist') + sizeOf('drizzle') - sizeOf('drizzle/meta') + sizeOf('package.json')
  return {
    packages: inMib(packages),
    build: inMib(build),
    all: inMib(packages + build),
    'executable of Node': inMib(statSync(process.execPath).size),
  }
}

const inMib = (bytes: number) => ({ MiB: Number((bytes / 1_048_576).toFixed(1)) })

function sizeOfPackages(): number {
  const [, command] = INSTALL.exec(readFileSync('Dockerfile', 'utf8')) ?? []
  if (command === undefined)
    throw new Error('The Dockerfile does not install packages with npm ci --omit=dev')
  const folder = mkdtempSync(join(tmpdir(), 'bench-image-'))
  try {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(file, join(folder, file))
    execFileSync('sh', ['-c', command], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    return sizeOf(join(folder, 'node_modules'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sizeOf(path: string): number {
  const stats = lstatSync(path)
  if (!stats.isDirectory()) return stats.size
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}
