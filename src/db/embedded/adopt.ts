import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { EmbeddedPostgresError, errorCode, startAfresh } from './errors.js'
import type { Layout } from './layout.js'
import { pidOf } from './process-identity.js'
import { clusterIdentity, readServer, type Server } from './server.js'

const ANSWER_TIMEOUT_S = 5
const READY_TIMEOUT_MS = 60_000
const RETRY_AFTER_MS = 20

/** How a server answers that is about to start or to stop: refused, reset, closed, "cannot connect now", "admin shutdown". */
const PASSING_ERRORS = ['ECONNREFUSED', 'ECONNRESET', 'CONNECTION_CLOSED', '57P03', '57P01']

/**
 * The server that already runs from this directory: of another terminal, or left by a killed process.
 *
 * @throws EmbeddedPostgresError when it runs and does not answer
 */
export async function adoptServer(
  layout: Layout,
  urlOf: (port: number) => string,
): Promise<Server | undefined> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const server = readServer(layout)
    if (!server) return undefined
    if (server.isReady) {
      const served = await servedCluster(layout, server, urlOf(server.port))
      if (served === clusterIdentity(layout.cluster)) return server
      // A copy of a directory in use has the files of a server which serves the original.
      if (served !== undefined) return undefined
    }
    if (performance.now() > deadline) throw unusable(layout, server, 'is not ready')
    await delay(RETRY_AFTER_MS)
  }
}

async function servedCluster(layout: Layout, server: Server, url: string): Promise<string | undefined> {
  const sql = postgres(url, { max: 1, connect_timeout: ANSWER_TIMEOUT_S, fetch_types: false })
  try {
    const [row] = await sql<
      { cluster: string }[]
    >`select current_setting('groundwork.cluster', true) as cluster`
    return row?.cluster ?? ''
  } catch (error) {
    if (PASSING_ERRORS.includes(errorCode(error) ?? '')) return undefined
    throw unusable(layout, server, error instanceof Error ? error.message : String(error))
  } finally {
    await sql.end({ timeout: 0 })
  }
}

const unusable = ({ dataDir }: Layout, { identity }: Server, why: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    `the database server of ${dataDir} cannot be used (${why}): end process ${pidOf(identity)} and try again; if that does not help, ${startAfresh(dataDir)}`,
  )
