import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { EmbeddedPostgresError, errorCode } from './errors.js'
import { isRunning, ownIdentity, type ProcessIdentity, pidOf } from './process-identity.js'
import { waitFor } from './wait.js'

const LOCK_TIMEOUT_MS = 60_000

export type Release = () => void

/**
 * Takes the lock, or returns undefined when another process holds it. The lock is a directory with one
 * file named after its holder. A directory cannot be renamed onto one that is not empty, so only one
 * process can take the lock, and it never exists without a holder. The file of a dead holder is removed
 * by name, and the directory only when it is empty. So two processes that find a stale lock cannot
 * remove each other's lock.
 */
export function tryLock(lock: string): Release | undefined {
  const holder = holderOf(lock)
  if (holder !== undefined) {
    if (isRunning(holder)) return undefined
    release(lock, holder)
  }
  const claim = `${lock}.${ownIdentity}`
  mkdirSync(claim, { recursive: true })
  writeFileSync(path.join(claim, ownIdentity), '')
  try {
    renameSync(claim, lock)
  } catch (error) {
    rmSync(claim, { recursive: true, force: true })
    if (['EEXIST', 'ENOTEMPTY', 'EPERM'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
  return () => release(lock, ownIdentity)
}

/**
 * Waits for the lock for up to a minute.
 * @throws {EmbeddedPostgresError} when another process holds it for longer
 */
export async function takeLock(lock: string): Promise<Release> {
  const acquired = await waitFor(() => tryLock(lock), LOCK_TIMEOUT_MS)
  if (acquired) return acquired
  const pid = pidOf(holderOf(lock) ?? '')
  throw new EmbeddedPostgresError(
    `process ${pid} has held ${lock} for ${LOCK_TIMEOUT_MS / 1000} s: end that process, or remove the lock`,
  )
}

/** Returns undefined while the lock is free. */
export function holderOf(lock: string): ProcessIdentity | undefined {
  try {
    return readdirSync(lock)[0]
  } catch {
    return undefined
  }
}

function release(lock: string, holder: ProcessIdentity): void {
  rmSync(path.join(lock, holder), { force: true })
  try {
    rmdirSync(lock)
  } catch {
    // Another process has already taken it.
  }
}
