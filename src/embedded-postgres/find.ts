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

/**
 * Errors of a server that is starting or stopping: 57P03 is "cannot connect now", 57P01 "admin
 * shutdown".
 */
const TRANSIENT_ERRORS = ['ECONNREFUSED', 'ECONNRESET', 'CONNECTION_CLOSED', '57P03', '57P01']

/**
 * Finds the server that runs from this directory, started by another terminal or left by a killed
 * process, and waits until it responds. Returns undefined when no server runs.
 * @throws {EmbeddedPostgresError} when the server does not respond, or fails
 */
export async function findServer(layout: Layout, credentials: Credentials): Promise<Server | undefined> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const server = readServer(layout)
    if (!server) return undefined
    if (server.isReady) {
      const served = await servedCluster(layout, server, databaseUrls(credentials, server.port).ownerUrl)
      if (served === clusterIdentity(layout.cluster)) return server
      // This directory is a copy of one in use: its files name a server that serves the original.
      if (served !== undefined) return undefined
    }
    if (performance.now() > deadline) throw unresponsive(layout, server)
    await delay(RETRY_AFTER_MS)
  }
}

/**
 * Returns the identity of the cluster that the server serves, or undefined while it is starting or
 * stopping.
 */
async function servedCluster(layout: Layout, server: Server, url: string): Promise<string | undefined> {
  const sql = openPostgres(url, { max: 1, connect_timeout: ANSWER_TIMEOUT_S, fetch_types: false })
  try {
    const [row] = await sql<{ cluster: string }[]>`select current_setting('app.cluster', true) as cluster`
    return row?.cluster ?? ''
  } catch (error) {
    const code = errorCode(error) ?? ''
    if (TRANSIENT_ERRORS.includes(code)) return undefined
    if (code === 'CONNECT_TIMEOUT') throw unresponsive(layout, server)
    throw damaged(layout, error instanceof Error ? error.message : String(error))
  } finally {
    await sql.end({ timeout: 0 })
  }
}

const unresponsive = ({ dataDir }: Layout, { identity }: Server): EmbeddedPostgresError =>
  new EmbeddedPostgresError(
    `the database server of ${dataDir} does not respond: end process ${pidOf(identity)} and try again`,
  )

const damaged = ({ dataDir }: Layout, reason: string): EmbeddedPostgresError =>
  new EmbeddedPostgresError(`the database in ${dataDir} is damaged (${reason}): ${startAfresh(dataDir)}`)
