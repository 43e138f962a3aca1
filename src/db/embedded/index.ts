import { mkdirSync } from 'node:fs'
import { serverAccount } from './account.js'
import { adoptServer } from './adopt.js'
import { currentPlatform, findBinaries } from './binaries.js'
import {
  APP_ROLE,
  type Credentials,
  createCluster,
  DATABASE,
  OWNER_ROLE,
  readCluster,
  SUPERUSER,
} from './cluster.js'
import { EmbeddedPostgresError, errorCode } from './errors.js'
import { type Layout, layoutOf } from './layout.js'
import { giveBack, takeLease } from './lease.js'
import { takeLock } from './lock.js'
import { launchServer } from './server.js'

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
    const lease = takeLease(layout, ephemeral)
    try {
      const { credentials, port } = await joinServer(layout, { ephemeral, platform })
      let stopped: Promise<void> | undefined
      const stop = () => (stopped ??= giveBack(lease))
      return { ...urls(credentials, port), port, dataDir: layout.dataDir, stop }
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
    const running = present && (await adoptServer(layout, (port) => urls(present, port).superuserUrl))
    if (running) return { credentials: present, port: running.port }

    const binaries = findBinaries({ platform, account })
    const credentials = present ?? (await createCluster(layout, { binaries, account, ephemeral }))
    const { port } = await launchServer(layout, { binaries, account, ephemeral })
    return { credentials, port }
  } finally {
    release()
  }
}

function urls({ superuser, owner, app }: Credentials, port: number) {
  const url = (role: string, password: string, database: string) =>
    `postgres://${role}:${password}@127.0.0.1:${port}/${database}`
  return {
    superuserUrl: url(SUPERUSER, superuser, SUPERUSER),
    ownerUrl: url(OWNER_ROLE, owner, DATABASE),
    appUrl: url(APP_ROLE, app, DATABASE),
  }
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
  const reason = PATH_ERRORS[errorCode(error) ?? '']
  if (reason === undefined || error instanceof EmbeddedPostgresError) return error
  return new EmbeddedPostgresError(
    `the embedded database cannot use ${dataDir} (${reason}): make it writable, set DATA_DIR to another directory, or set DATABASE_URL`,
  )
}
