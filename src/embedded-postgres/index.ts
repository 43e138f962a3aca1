import { mkdirSync } from 'node:fs'
import { serverAccount } from './account.js'
import { currentPlatform, findBinaries } from './binaries.js'
import { type Credentials, createCluster, readCluster } from './cluster.js'
import { EmbeddedPostgresError, errorCode } from './errors.js'
import { findServer } from './find.js'
import { type Layout, layoutOf } from './layout.js'
import { giveBack, takeLease } from './lease.js'
import { takeLock } from './lock.js'
import { launchServer } from './server.js'
import { databaseUrls } from './urls.js'

export { EmbeddedPostgresError } from './errors.js'

export type EmbeddedPostgres = {
  /** May create databases and roles: for tests. */
  superuserUrl: string
  /** Owns the database and migrates it. */
  ownerUrl: string
  /** Runs the application: has what the migrations grant it, and no more. */
  appUrl: string
  port: number
  dataDir: string
  /** Leaves the server; the last process to leave stops it. */
  stop(): Promise<void>
}

export type EmbeddedPostgresOptions = {
  dataDir: string
  /** For tests: nothing is synchronised to disk, and the directory is removed when the last user leaves. */
  ephemeral?: boolean
  /** Of the binaries, as npm names them: `linux-x64`. */
  platform?: string
}

/**
 * Real PostgreSQL without installing it: makes the database at the first start, and shares one server among all
 * processes that use the same directory.
 *
 * @throws EmbeddedPostgresError with one line for the operator
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
      const stop = () => (stopped ??= giveBack(lease))
      return { ...databaseUrls(credentials, port), port, dataDir: layout.dataDir, stop }
    } catch (error) {
      await giveBack(lease)
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
    const present = readCluster(layout)
    refuseOtherKind(layout, present, ephemeral)
    const running = present && (await findServer(layout, present))
    if (running) return { credentials: present, port: running.port }

    const binaries = findBinaries({ platform, account })
    const credentials = present ?? (await createCluster(layout, { binaries, account, ephemeral }))
    await launchServer(layout, { binaries, account, ephemeral })
    const launched = await findServer(layout, credentials)
    if (!launched) throw new EmbeddedPostgresError(`the database server ended at once, see ${layout.log}`)
    return { credentials, port: launched.port }
  } finally {
    release()
  }
}

/** Or a test would remove the data of the application when it leaves. */
function refuseOtherKind({ dataDir }: Layout, present: Credentials | undefined, ephemeral: boolean): void {
  if (!present || present.ephemeral === ephemeral) return
  const kind = present.ephemeral ? 'a throw-away database' : 'a database to keep'
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
