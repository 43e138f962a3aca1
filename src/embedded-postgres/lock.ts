import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { EmbeddedPostgresError, errorCode } from './errors.js'
import { isRunning, ownIdentity, type ProcessIdentity, pidOf } from './process-identity.js'
import { waitFor } from './wait.js'

const LOCK_TIMEOUT_MS = 60_000

export type Release = () => void

/**
 * The lock is a directory that holds one file named after its holder. Renaming a directory onto one that is not
 * empty fails, so only one process can take it, and it is never seen without its holder. A dead holder is removed
 * by name and the directory only when empty: two processes that find it stale cannot remove each other's lock.
 */
export function tryLock(lock: string): Release | undefined {
  const holder = holderOf(lock)
  if (holder !== undefined) {
    if (isRunning(holder)) return undefined
    free(lock, holder)
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
  return () => free(lock, ownIdentity)
}

export async function takeLock(lock: string): Promise<Release> {
  const release = await waitFor(() => tryLock(lock), LOCK_TIMEOUT_MS)
  if (release) return release
  const pid = pidOf(holderOf(lock) ?? '')
  throw new EmbeddedPostgresError(
    `process ${pid} has held ${lock} for ${LOCK_TIMEOUT_MS / 1000} s: end that process, or remove the lock`,
  )
}

export function holderOf(lock: string): ProcessIdentity | undefined {
  try {
    return readdirSync(lock)[0]
  } catch {
    return undefined
  }
}

function free(lock: string, holder: ProcessIdentity): void {
  rmSync(path.join(lock, holder), { force: true })
  try {
    rmdirSync(lock)
  } catch {
    // Taken by the next one already.
  }
}
