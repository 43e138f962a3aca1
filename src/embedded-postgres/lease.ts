import { renameSync, rmSync } from 'node:fs'
import { isEphemeral } from './cluster.js'
import type { Layout } from './layout.js'
import { holderOf, takeLock, tryLock } from './lock.js'
import { ownIdentity } from './process-identity.js'
import { stopServer, stopServerSync } from './server.js'
import { hasUsers, joinUsers } from './users.js'
import { waitForSync } from './wait.js'

const EXIT_LOCK_TIMEOUT_MS = 2_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** This process's use of a server. Releasing the last lease stops the server. */
export type Lease = { layout: Layout; file: string }

const leases = new Set<Lease>()

/**
 * Registers this process as a user of the server. The lease is released at exit, if it is not released
 * before.
 */
export function takeLease(layout: Layout): Lease {
  const lease = { layout, file: joinUsers(layout.users) }
  if (leases.size === 0) watchForExit()
  leases.add(lease)
  return lease
}

/** @throws {EmbeddedPostgresError} when the lock cannot be taken, or the server does not stop */
export async function releaseLease(lease: Lease): Promise<void> {
  const { layout } = lease
  const release = await takeLock(layout.lock)
  try {
    rmSync(lease.file, { force: true })
    leases.delete(lease)
    if (leases.size === 0) stopWatchingForExit()
    if (hasUsers(layout.users)) return
    await stopServer(layout)
    if (isEphemeral(layout)) removeDataDir(layout)
  } finally {
    release()
  }
}

/** For a process that exits without `stop()`, when only synchronous code still runs. */
function releaseAllSync(): void {
  for (const { layout, file } of leases) {
    rmSync(file, { force: true })
    if (hasUsers(layout.users)) continue
    // A process that keeps the lock is alive, and decides about the server itself.
    const release = waitForSync(() => lockAtExit(layout.lock), EXIT_LOCK_TIMEOUT_MS)
    if (!release) continue
    if (!hasUsers(layout.users)) {
      const ephemeral = isEphemeral(layout)
      stopServerSync(layout, { wait: ephemeral })
      if (ephemeral) removeDataDir(layout)
    }
    release()
  }
  leases.clear()
}

/** The lock may belong to an operation of this process that will not continue. */
const lockAtExit = (lock: string) =>
  tryLock(lock) ??
  (holderOf(lock) === ownIdentity ? () => rmSync(lock, { recursive: true, force: true }) : undefined)

/** Renames the directory first: the lock must not become free while the rest is being removed. */
function removeDataDir({ dataDir }: Layout): void {
  const removed = `${dataDir}.removed-${ownIdentity}`
  renameSync(dataDir, removed)
  rmSync(removed, { recursive: true, force: true })
}

function watchForExit(): void {
  process.on('exit', releaseAllSync)
  // Run first, while listeners of the application that were added with `once` can still be counted.
  for (const signal of SIGNALS) process.prependListener(signal, endBySignal)
}

function stopWatchingForExit(): void {
  process.off('exit', releaseAllSync)
  for (const signal of SIGNALS) process.off(signal, endBySignal)
}

/**
 * A signal without a handler ends the process without an `exit` event. An application with a handler calls
 * `stop()` itself.
 */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) - signalExitListeners() > 1) return
  releaseAllSync()
  process.off(signal, endBySignal)
  process.kill(process.pid, signal)
}

/**
 * The number of listeners of the package signal-exit, which prompts use. It listens to all signals, but
 * leaves the process running while there are other listeners, such as ours.
 */
function signalExitListeners(): number {
  const emitter: unknown = Reflect.get(globalThis, Symbol.for('signal-exit emitter'))
  return typeof emitter === 'object' && emitter && 'count' in emitter ? Number(emitter.count) : 0
}
