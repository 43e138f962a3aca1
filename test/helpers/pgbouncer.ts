import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { TestDatabase } from './database.js'
import { eventually } from './eventually.js'
import { findFreePort } from './ports.js'
import { PACKAGE_ROOT } from './process.js'

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }

const { status, stdout } = spawnSync('pgbouncer', ['--version'], { env, encoding: 'utf8' })
const [, version = 0] = /PgBouncer 1\.(\d+)/.exec(stdout ?? '') ?? []

/** The `skip` option of tests that need a pooler: the reason, or false. */
export const NO_PGBOUNCER = status !== 0 && 'PgBouncer is not installed'

/** The `skip` option of tests that need a pooler with prepared statements: the reason, or false. */
export const NO_STATEMENTS =
  NO_PGBOUNCER || (Number(version) < 21 && 'this PgBouncer does not support prepared statements')

type Options = {
  /** The number of connections to PostgreSQL for all clients. Default: 2. */
  connections?: number
  mode?: 'transaction' | 'session'
  keepsStatements?: boolean
  /** Replaces the `connect_query` of `config/pgbouncer.ini`. */
  connectQuery?: string
}

/** The same database behind a PgBouncer with `config/pgbouncer.ini`, which ends with the test. */
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
    .replace('app = host=postgres port=5432 dbname=app', place)
    .replace(/connect_query='.*'/, (own) =>
      connectQuery === undefined ? own : `connect_query='${connectQuery}'`,
    )
  const own = [
    `listen_addr = 127.0.0.1\nlisten_port = ${port}\nunix_socket_dir =\nauth_file = ${dir}/users`,
    // Long enough for a busy machine.
    `pool_mode = ${mode}\ndefault_pool_size = ${connections}\nquery_wait_timeout = 60`,
  ]
  if (!NO_STATEMENTS) own.push(`max_prepared_statements = ${keepsStatements ? 500 : 0}`)
  writeFileSync(join(dir, 'ini'), [ini, ...own, ''].join('\n'))
  writeFileSync(join(dir, 'users'), `"${target.username}" "${target.password}"\n`)
  // PgBouncer refuses to run as root.
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
  let errors = ''
  pooler.stderr.on('data', (chunk) => {
    errors += chunk
  })
  target.hostname = '127.0.0.1'
  target.port = String(port)
  await eventually(async () => {
    if (pooler.exitCode !== null) throw new Error(errors)
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
