import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { databaseUrl } from '../../scripts/test/databases.js'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { serverAccount } from '../../src/embedded-postgres/account.js'
import { currentPlatform, findBinaries } from '../../src/embedded-postgres/binaries.js'
import { createCluster } from '../../src/embedded-postgres/cluster.js'
import { layoutOf } from '../../src/embedded-postgres/layout.js'
import { runProgram } from '../../src/embedded-postgres/programs.js'
import { databaseUrls } from '../../src/embedded-postgres/urls.js'
import type { TestDatabase } from './database.js'
import { findFreePort } from './ports.js'

/**
 * `fast` ends every session and shuts down cleanly; `immediate` is a crash, from which the next
 * start recovers.
 */
export type StopMode = 'fast' | 'immediate'

export type OwnPostgres = {
  /** A migrated database. */
  database: TestDatabase
  /** Resolves once the server accepts connections again, at the same address. */
  restart: (mode: StopMode) => Promise<void>
  stop: (mode: StopMode) => Promise<void>
  start: () => Promise<void>
  /** Adds a synchronous standby: it has everything that this server acknowledges from now on. */
  addStandby: () => Promise<Standby>
}

export type Standby = {
  database: TestDatabase
  /** Resolves once the standby is a primary. */
  promote: () => Promise<void>
}

/** `fsync` is off, because tests crash the server and never the machine. */
const SETTINGS = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' }

/**
 * Starts a separate PostgreSQL that a test can break, from the embedded binaries. It ends with the
 * test.
 */
export async function ownPostgres(t: Test, settings: Record<string, string> = {}): Promise<OwnPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'own-postgres-'))
  const layout = layoutOf(dir)
  const account = serverAccount(layout.cluster)
  if (account) chownSync(dir, account.uid, account.gid)
  const binaries = findBinaries({ platform: currentPlatform, account })
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const credentials = await createCluster(layout, { binaries, account, ephemeral: true })

  const serverIn = (cluster: string, port: number) => {
    // Without a log file the server would keep the output of pg_ctl open, and waiting for its end
    // would not return.
    const common = ['-D', cluster, '-s', '-w', '-l', join(dir, `${port}.log`)]
    const pgCtl = (...args: string[]) =>
      runProgram(binaries.pgCtl, {
        args: [...common, ...args],
        cwd: dirname(cluster),
        account,
      })
    const start = (more: Record<string, string> = {}) => {
      const flags = Object.entries({ ...SETTINGS, ...settings, ...more, port }).map(
        ([name, value]) => `-c ${name}='${value}'`,
      )
      return pgCtl('start', '-o', flags.join(' '))
    }
    const stop = (mode: StopMode) => pgCtl('stop', '-m', mode)
    t.teardown(() => stop('immediate').catch(() => undefined))
    const { superuserUrl, ownerUrl, appUrl } = databaseUrls(credentials, port)
    const adminUrl = databaseUrl(superuserUrl, credentials.names.database)
    const database: TestDatabase = { url: appUrl, ownerUrl, adminUrl, appRole: credentials.names.app }
    return { pgCtl, start, stop, database }
  }

  const primary = serverIn(layout.cluster, await findFreePort())
  await primary.start()
  await prepareDatabase({ migrationUrl: primary.database.ownerUrl, appRole: credentials.names.app })

  const addStandby = async (): Promise<Standby> => {
    await primary.stop('fast')
    const cluster = join(dir, 'standby')
    await runProgram('cp', { args: ['-a', layout.cluster, cluster], cwd: dir, account })
    const standby = serverIn(cluster, await findFreePort())
    const { hostname, port, username, password } = new URL(primary.database.adminUrl)
    writeFileSync(join(cluster, 'standby.signal'), '')
    await primary.start({ synchronous_standby_names: '*' })
    await standby.start({
      primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password}`,
    })
    return { database: standby.database, promote: () => standby.pgCtl('promote') }
  }
  return {
    database: primary.database,
    restart: (mode) => primary.pgCtl('restart', '-m', mode),
    stop: primary.stop,
    start: () => primary.start(),
    addStandby,
  }
}
