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

/** This process's share in a server: the last one to be given back stops it. */
export type Lease = { layout: Layout; file: string }

const leases = new Set<Lease>()

export function takeLease(layout: Layout): Lease {
  const lease = { layout, file: joinUsers(layout.users) }
  if (leases.size === 0) watchForExit()
  leases.add(lease)
  return lease
}

export async function giveBack(lease: Lease): Promise<void> {
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

/** For a process that ends without `stop()`: nothing asynchronous happens any more. */
function giveBackAllNow(): void {
  for (const { layout, file } of leases) {
    rmSync(file, { force: true })
    if (hasUsers(layout.users)) continue
    // Whoever does not let go of the lock is alive, and decides about the server itself.
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

/** The lock may be held by an operation of this very process, which will not go on. */
const lockAtExit = (lock: string) =>
  tryLock(lock) ??
  (holderOf(lock) === ownIdentity ? () => rmSync(lock, { recursive: true, force: true }) : undefined)

/** Moved away first: the lock must not be free while the rest is still being removed. */
function removeDataDir({ dataDir }: Layout): void {
  const removed = `${dataDir}.removed-${ownIdentity}`
  renameSync(dataDir, removed)
  rmSync(removed, { recursive: true, force: true })
}

function watchForExit(): void {
  process.on('exit', giveBackAllNow)
  // First in the row: by then a listener of the application that was added with `once` is still there to be counted.
  for (const signal of SIGNALS) process.prependListener(signal, endBySignal)
}

function stopWatchingForExit(): void {
  process.off('exit', giveBackAllNow)
  for (const signal of SIGNALS) process.off(signal, endBySignal)
}

/** A signal that nobody handles ends the process without an `exit` event. An application that handles it calls `stop()`. */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) - signalExitListeners() > 1) return
  giveBackAllNow()
  process.off(signal, endBySignal)
  process.kill(process.pid, signal)
}

/** The package signal-exit (prompts use it) listens to all signals, and leaves the process running as long as we do too. */
function signalExitListeners(): number {
  const emitter: unknown = Reflect.get(globalThis, Symbol.for('signal-exit emitter'))
  return typeof emitter === 'object' && emitter && 'count' in emitter ? Number(emitter.count) : 0
}
