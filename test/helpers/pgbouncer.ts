import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { TestDatabase } from './database.js'
import { eventually } from './eventually.js'
import { LATER } from './passing-time.js'
import { PACKAGE_ROOT } from './process.js'
import { findFreePort } from './redis.js'

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }

const { status, stdout } = spawnSync('pgbouncer', ['--version'], { env, encoding: 'utf8' })
const [, version = 0] = /PgBouncer 1\.(\d+)/.exec(stdout ?? '') ?? []

/** Why a test that needs a pooler is skipped. */
export const NO_PGBOUNCER = LATER || (status !== 0 && 'there is no pgbouncer to start')

/** Why one is skipped that needs a pooler which keeps track of prepared statements. */
export const NO_STATEMENTS =
  NO_PGBOUNCER || (Number(version) < 21 && 'this pgbouncer knows no prepared statements')

type Options = {
  /** Connections to PostgreSQL, for all clients together. */
  connections?: number
  mode?: 'transaction' | 'session'
  keepsStatements?: boolean
  /** Instead of the `connect_query` in `config/pgbouncer.ini`. */
  connectQuery?: string
}

/** The same database by way of `config/pgbouncer.ini`, until the test ends. */
export async function behindPgBouncer(
  t: Test,
  database: TestDatabase,
  { connections = 2, mode = 'transaction', keepsStatements = false, connectQuery }: Options = {},
): Promise<TestDatabase & { directUrl: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'pgbouncer-'))
  chmodSync(dir, 0o755)
  const target = new URL(database.url)
  const name = target.pathname.slice(1)
  const port = await findFreePort()
  const place = `${name} = host=${target.hostname} port=${target.port || 5432} dbname=${name}`
  const ini = readFileSync(join(PACKAGE_ROOT, 'config/pgbouncer.ini'), 'utf8')
    .replace('groundwork = host=postgres port=5432 dbname=groundwork', place)
    .replace(/connect_query='.*'/, (own) =>
      connectQuery === undefined ? own : `connect_query='${connectQuery}'`,
    )
  const own = [
    `listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_file = ${dir}/users`,
    // A busy machine must decide no test.
    `pool_mode = ${mode}\ndefault_pool_size = ${connections}\nquery_wait_timeout = 60`,
  ]
  if (!NO_STATEMENTS) own.push(`max_prepared_statements = ${keepsStatements ? 500 : 0}`)
  writeFileSync(join(dir, 'ini'), [ini, ...own, ''].join('\n'))
  writeFileSync(join(dir, 'users'), `"${target.username}" "${target.password}"\n`)
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const pooler = spawn('pgbouncer', ['-q', ...account, join(dir, 'ini')], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(pooler, 'exit')
  t.teardown(async () => {
    pooler.kill('SIGKILL')
    await ended
    rmSync(dir, { recursive: true })
  })
  let said = ''
  pooler.stderr.on('data', (chunk) => {
    said += chunk
  })
  target.hostname = '127.0.0.1'
  target.port = String(port)
  await eventually(async () => {
    if (pooler.exitCode !== null) throw new Error(said)
    return takesConnections(port)
  })
  return { ...database, url: target.href, directUrl: database.url }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
