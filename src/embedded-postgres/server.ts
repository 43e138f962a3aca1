import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fchownSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import { clusterPath } from './cluster.js'
import { EmbeddedPostgresError, startAfresh } from './errors.js'
import type { Layout } from './layout.js'
import { identify, isPidTaken, isRunning, type ProcessIdentity, pidOf } from './process-identity.js'
import { cannotRun, decisiveLine, programOptions } from './programs.js'
import { waitFor, waitForSync } from './wait.js'

const START_TIMEOUT_MS = 60_000 // recovery after a crash takes its time
const STOP_TIMEOUT_MS = 15_000
const SYNC_STOP_TIMEOUT_MS = 2_000
const ATTEMPTS = 100
const RETRY_AFTER_MS = 100

/** Another program took the port first; or processes of a killed server have not noticed yet. Both pass. */
const PASSING_FAILURE =
  /Address already in use|could not create any TCP\/IP sockets|shared memory block .* still in use/

const EPHEMERAL_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

export type Server = { identity: ProcessIdentity; port: number; isReady: boolean }

/** Identifies the directory itself, so that a copy of a directory in use is not taken for the original. */
export function clusterIdentity(cluster: string): string {
  const { dev, ino } = statSync(cluster, { bigint: true })
  return `${dev}:${ino}`
}

/** What the files say about a server that still runs. */
export function readServer(layout: Layout): Server | undefined {
  const identity = readText(layout.server)
  if (!isRunning(identity)) return undefined
  const [pid, , , port, , , , status] = readText(postmasterFile(layout)).split('\n')
  const isOwnFile = Number(pid) === pidOf(identity)
  return { identity, port: isOwnFile ? Number(port) : 0, isReady: isOwnFile && status?.trim() === 'ready' }
}

export async function launchServer(
  layout: Layout,
  options: { binaries: Binaries; account: Account | undefined; ephemeral: boolean },
): Promise<Server> {
  forgetServer(layout)
  for (let attempt = 1; ; attempt++) {
    const server = await tryLaunch(layout, options)
    if (server) return server
    const log = readText(layout.log)
    if (attempt < ATTEMPTS && PASSING_FAILURE.test(log)) {
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
  const args = serverArguments(layout, { ...options, port: await freePort() })
  const log = openSync(layout.log, 'w', 0o600)
  if (account) fchownSync(log, account.uid, account.gid)
  // Detached: Ctrl-C in the terminal must not end the database before the application has finished with it.
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
    `PostgreSQL did not get ready within ${START_TIMEOUT_MS / 1000} s, see ${layout.log}: ${startAfresh(layout.dataDir)}`,
  )
}

function serverArguments(
  { cluster }: Layout,
  options: { account: Account | undefined; ephemeral: boolean; port: number },
): string[] {
  const settings = {
    port: options.port,
    listen_addresses: '127.0.0.1',
    // No sockets in the file system: their paths are limited to some 100 characters, and they outlive a crash.
    unix_socket_directories: '',
    'groundwork.cluster': clusterIdentity(cluster),
    ...(options.ephemeral ? EPHEMERAL_SETTINGS : {}),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', clusterPath(cluster, options.account), ...flags]
}

/** Asks for a fast shutdown (clients are disconnected, data is written); if that does not come about, for an immediate one. */
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

/** For an `exit` handler: the server ends on its own after the signal. Waits only when its files are to be removed. */
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
    // It ended on its own in this moment.
  }
}

/** PostgreSQL removes a stale postmaster.pid itself, except when another process has been given its pid since. */
function forgetServer(layout: Layout): void {
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

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
