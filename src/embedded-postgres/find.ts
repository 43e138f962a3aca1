import { setTimeout as delay } from 'node:timers/promises'
import { openPostgres } from '../lib/database-url/index.js'
import type { Credentials } from './cluster.js'
import { EmbeddedPostgresError, errorCode, startAfresh } from './errors.js'
import type { Layout } from './layout.js'
import { pidOf } from './process-identity.js'
import { clusterIdentity, readServer, type Server } from './server.js'
import { databaseUrls } from './urls.js'

const ANSWER_TIMEOUT_S = 5
const READY_TIMEOUT_MS = 60_000
const RETRY_AFTER_MS = 20

/** How a server answers that is about to start or to stop: refused, reset, closed, "cannot connect now", "admin shutdown". */
const PASSING_ERRORS = ['ECONNREFUSED', 'ECONNRESET', 'CONNECTION_CLOSED', '57P03', '57P01']

/**
 * The server that runs from this directory, be it of another terminal or left by a killed process, once it answers.
 *
 * @throws EmbeddedPostgresError when it runs and does not answer as it should
 */
export async function findServer(layout: Layout, credentials: Credentials): Promise<Server | undefined> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const server = readServer(layout)
    if (!server) return undefined
    if (server.isReady) {
      const served = await servedCluster(layout, server, databaseUrls(credentials, server.port).ownerUrl)
      if (served === clusterIdentity(layout.cluster)) return server
      // A copy of a directory in use has the files of a server which serves the original.
      if (served !== undefined) return undefined
    }
    if (performance.now() > deadline) throw silent(layout, server)
    await delay(RETRY_AFTER_MS)
  }
}

async function servedCluster(layout: Layout, server: Server, url: string): Promise<string | undefined> {
  const sql = openPostgres(url, { max: 1, connect_timeout: ANSWER_TIMEOUT_S, fetch_types: false })
  try {
    const [row] = await sql<
      { cluster: string }[]
    >`select current_setting('groundwork.cluster', true) as cluster`
    return row?.cluster ?? ''
  } catch (error) {
    const code = errorCode(error) ?? ''
    if (PASSING_ERRORS.includes(code)) return undefined
    if (code === 'CONNECT_TIMEOUT') throw silent(layout, server)
    throw damaged(layout, error instanceof Error ? error.message : String(error))
  } finally {
    await sql.end({ timeout: 0 })
  }
}

const silent = ({ dataDir }: Layout, { identity }: Server): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    `the database server of ${dataDir} does not answer: end process ${pidOf(identity)} and try again`,
  )

const damaged = ({ dataDir }: Layout, why: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(`the database in ${dataDir} is damaged (${why}): ${startAfresh(dataDir)}`)
