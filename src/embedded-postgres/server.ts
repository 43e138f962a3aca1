import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fchownSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import { clusterPath } from './cluster.js'
import { EmbeddedPostgresError, startAfresh } from './errors.js'
import type { Layout } from './layout.js'
import { choosePort } from './port.js'
import { identify, isPidTaken, isRunning, type ProcessIdentity, pidOf } from './process-identity.js'
import { cannotRun, decisiveLine, programOptions } from './programs.js'
import { waitFor, waitForSync } from './wait.js'

/** Recovery after a crash takes time. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000
const SYNC_STOP_TIMEOUT_MS = 2_000
const ATTEMPTS = 100
const RETRY_AFTER_MS = 100

/**
 * Another program took the port first, or processes of a killed server still run. Both are worth a
 * retry.
 */
const TRANSIENT_FAILURE =
  /Address already in use|could not create any TCP\/IP sockets|shared memory block .* still in use/

const EPHEMERAL_SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  autovacuum: 'off',
  io_method: 'sync',
  jit: 'off',
  max_connections: 1000,
}

/** `port` is 0 until the server has written its own file. */
export type Server = { identity: ProcessIdentity; port: number; isReady: boolean }

/** Identifies the directory itself, so that a copy is not taken for the original. */
export function clusterIdentity(cluster: string): string {
  const { dev, ino } = statSync(cluster, { bigint: true })
  return `${dev}:${ino}`
}

/** Reads the state of the server from its files. Returns undefined when it does not run. */
export function readServer(layout: Layout): Server | undefined {
  const identity = readText(layout.server)
  if (!isRunning(identity)) return undefined
  const [pid, , , port, , , , status] = readText(postmasterFile(layout)).split('\n')
  const isOwnFile = Number(pid) === pidOf(identity)
  return { identity, port: isOwnFile ? Number(port) : 0, isReady: isOwnFile && status?.trim() === 'ready' }
}

/**
 * Starts a server. Transient failures are retried.
 * @throws {EmbeddedPostgresError} when PostgreSQL does not start
 */
export async function launchServer(
  layout: Layout,
  options: { binaries: Binaries; account: Account | undefined; ephemeral: boolean },
): Promise<Server> {
  removeStaleFiles(layout)
  for (let attempt = 1; ; attempt++) {
    const server = await tryLaunch(layout, options)
    if (server) return server
    const log = readText(layout.log)
    if (attempt < ATTEMPTS && TRANSIENT_FAILURE.test(log)) {
      await delay(RETRY_AFTER_MS)
      continue
    }
    const reason = decisiveLine(log).replaceAll('/proc/self/cwd', layout.cluster)
    throw new EmbeddedPostgresError(
      `PostgreSQL does not start from ${layout.dataDir}: ${reason}: ${startAfresh(layout.dataDir)}`,
    )
  }
}

async function tryLaunch(
  layout: Layout,
  options: { binaries: Binaries; account: Account | undefined; ephemeral: boolean },
): Promise<Server | undefined> {
  const { binaries, account } = options
  const args = serverArguments(layout, { ...options, port: await choosePort(layout) })
  const log = openSync(layout.log, 'w', 0o600)
  if (account) fchownSync(log, account.uid, account.gid)
  // Detached, because Ctrl-C in the terminal must not stop the database before the application has
  // finished.
  const child = spawn(binaries.postgres, args, {
    ...programOptions({ cwd: layout.cluster, account }),
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  if (child.pid === undefined) {
    const [error] = await once(child, 'error')
    throw cannotRun(binaries.postgres, error)
  }
  child.unref()
  writeFileSync(layout.server, identify(child.pid) ?? '')
  const outcome = await waitFor(() => {
    const server = readServer(layout)
    return server && !server.isReady ? undefined : { server }
  }, START_TIMEOUT_MS)
  if (outcome) return outcome.server
  await stopServer(layout)
  throw new EmbeddedPostgresError(
    `PostgreSQL was not ready within ${START_TIMEOUT_MS / 1000} s, see ${layout.log}: ${startAfresh(layout.dataDir)}`,
  )
}

function serverArguments(
  { cluster }: Layout,
  options: { account: Account | undefined; ephemeral: boolean; port: number },
): string[] {
  const settings = {
    port: options.port,
    listen_addresses: '127.0.0.1',
    // No Unix sockets: their paths are limited to about 100 characters, and they survive a crash.
    unix_socket_directories: '',
    'app.cluster': clusterIdentity(cluster),
    ...(options.ephemeral ? EPHEMERAL_SETTINGS : {}),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', clusterPath(cluster, options.account), ...flags]
}

/**
 * Requests a fast shutdown (clients are disconnected, data is written), and after a timeout an
 * immediate one.
 * @throws {EmbeddedPostgresError} when the server does not stop
 */
export async function stopServer(layout: Layout): Promise<void> {
  const server = readServer(layout)
  if (!server) return
  const isGone = () => (isRunning(server.identity) ? undefined : true)
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    signalServer(server, signal)
    if (await waitFor(isGone, STOP_TIMEOUT_MS)) {
      rmSync(layout.server, { force: true })
      return
    }
  }
  throw new EmbeddedPostgresError(`PostgreSQL does not stop: end process ${pidOf(server.identity)}`)
}

/**
 * For an `exit` handler. Normally the server stops by itself after the signal. `wait` is for servers
 * whose files are removed next: it stops them immediately and waits.
 */
export function stopServerSync(layout: Layout, options: { wait: boolean }): void {
  const server = readServer(layout)
  if (!server) return
  signalServer(server, options.wait ? 'SIGQUIT' : 'SIGINT')
  if (options.wait) waitForSync(() => (isRunning(server.identity) ? undefined : true), SYNC_STOP_TIMEOUT_MS)
}

function signalServer({ identity }: Server, signal: NodeJS.Signals): void {
  try {
    process.kill(pidOf(identity), signal)
  } catch {
    // It has just exited.
  }
}

/** PostgreSQL removes a stale postmaster.pid itself, unless another process now has its pid. */
function removeStaleFiles(layout: Layout): void {
  const recorded = pidOf(readText(layout.server))
  const [pid] = readText(postmasterFile(layout)).split('\n')
  if (Number(pid) === recorded && isPidTaken(recorded)) rmSync(postmasterFile(layout), { force: true })
  rmSync(layout.server, { force: true })
}

const postmasterFile = ({ cluster }: Layout) => path.join(cluster, 'postmaster.pid')

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
