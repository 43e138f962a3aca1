import { randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import { EmbeddedPostgresError, startAfresh } from './errors.js'
import type { Layout } from './layout.js'
import { hasProcFs, isRunning, ownIdentity } from './process-identity.js'
import { runProgram } from './programs.js'

export const SUPERUSER = 'postgres'
export const OWNER_ROLE = 'groundwork_owner'
export const APP_ROLE = 'groundwork_app'
export const DATABASE = 'groundwork'

const POSTGRES_MAJOR = '18'

/** Made once with the cluster and kept inside it, so that the two cannot be parted. */
export type Credentials = { ephemeral: boolean; superuser: string; owner: string; app: string }

const credentialsFile = (cluster: string) => path.join(cluster, 'groundwork.json')

/**
 * How PostgreSQL is to address a directory that is also its working directory. As root it runs as an account that
 * may be unable to enter the directories above (such as /root); /proc/self/cwd leads there without passing them.
 */
export const clusterPath = (directory: string, account: Account | undefined): string =>
  account && hasProcFs ? '/proc/self/cwd' : directory

/** @throws EmbeddedPostgresError when the directory holds something else than a whole cluster of our version. */
export function readCluster({ dataDir, cluster }: Layout): Credentials | undefined {
  if (!existsSync(cluster)) {
    refuseForeignFiles(dataDir)
    return undefined
  }
  const version = readIfPresent(path.join(cluster, 'PG_VERSION'))?.trim()
  const credentials = readIfPresent(credentialsFile(cluster))
  if (version === undefined || credentials === undefined) {
    throw new EmbeddedPostgresError(
      `the database in ${dataDir} is damaged, files are missing: ${startAfresh(dataDir)}`,
    )
  }
  if (version !== POSTGRES_MAJOR) {
    throw new EmbeddedPostgresError(
      `the database in ${dataDir} was made by PostgreSQL ${version}, not ${POSTGRES_MAJOR}: ${startAfresh(dataDir)}`,
    )
  }
  try {
    return JSON.parse(credentials)
  } catch {
    throw new EmbeddedPostgresError(`${credentialsFile(cluster)} is damaged: ${startAfresh(dataDir)}`)
  }
}

/** Whether the directory is to be removed with its last user; never so for one that holds anything else. */
export function isEphemeral({ cluster }: Layout): boolean {
  const credentials = readIfPresent(credentialsFile(cluster))
  return credentials !== undefined && /"ephemeral":true/.test(credentials)
}

function refuseForeignFiles(dataDir: string): void {
  const foreign = readdirSync(dataDir).find((name) => !/^(lock|users|server\.|cluster\.)/.test(name))
  if (foreign === undefined) return
  throw new EmbeddedPostgresError(
    `${dataDir} is not empty and holds no database of this application (but ${foreign}): set DATA_DIR to another directory, or ${startAfresh(dataDir)}`,
  )
}

function readIfPresent(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/**
 * Prepares the cluster aside and renames it when it is whole, roles and database included: however a first start is
 * interrupted, there is either no cluster or a complete one.
 */
export async function createCluster(
  layout: Layout,
  options: { binaries: Binaries; account: Account | undefined; ephemeral: boolean },
): Promise<Credentials> {
  const { binaries, account, ephemeral } = options
  removeUnfinished(layout)
  const secret = () => randomBytes(24).toString('base64url')
  const credentials = { ephemeral, superuser: secret(), owner: secret(), app: secret() }

  const workshop = `${layout.cluster}.${ownIdentity}`
  const passwordFile = path.join(workshop, 'password')
  const cluster = path.join(workshop, 'cluster')
  const data = clusterPath(cluster, account)
  const run = (program: string, args: string[], input = '') =>
    runProgram(program, { args, cwd: cluster, account, input })
  try {
    mkdirSync(cluster, { recursive: true, mode: 0o700 })
    writeFileSync(passwordFile, `${credentials.superuser}\n`, { mode: 0o600 })
    giveTo(account, workshop, cluster, passwordFile)
    await run(binaries.initdb, ['-D', data, ...INITDB_ARGUMENTS])
    // Single-user mode: no port, no password, no wait for a server to come up.
    await run(binaries.postgres, ['--single', '-F', '-D', data, SUPERUSER], setupSql(credentials))
    if (!ephemeral) await run(binaries.initdb, ['-D', data, '--sync-only'])
    writeFileSync(credentialsFile(cluster), JSON.stringify(credentials), { mode: 0o600 })
    giveTo(account, credentialsFile(cluster))
    renameSync(cluster, layout.cluster)
    return credentials
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError)) throw error
    throw new EmbeddedPostgresError(
      `cannot create the database in ${layout.dataDir}: ${error.message}: set DATABASE_URL to use another PostgreSQL`,
    )
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

function giveTo(account: Account | undefined, ...files: string[]): void {
  if (!account) return
  for (const file of files) chownSync(file, account.uid, account.gid)
}

/** Left by first starts that were killed. */
function removeUnfinished({ dataDir, cluster }: Layout): void {
  const prefix = `${path.basename(cluster)}.`
  const stale = readdirSync(dataDir).filter(
    (name) => name.startsWith(prefix) && !isRunning(name.slice(prefix.length)),
  )
  for (const name of stale) rmSync(path.join(dataDir, name), { recursive: true, force: true })
}

const INITDB_ARGUMENTS = [
  ...[
    '-U',
    SUPERUSER,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-sync',
    '--no-instructions',
    '--pwfile=../password',
  ],
  // Text sorts the same on every machine, whatever its libraries, and has upper and lower case beyond ASCII.
  ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
]

/** One statement a line, as single-user mode reads them. PostgreSQL 15 and later let only the owner create in `public`. */
const setupSql = ({ owner, app }: Credentials): string =>
  [
    `create role ${OWNER_ROLE} login password '${owner}'`,
    `create role ${APP_ROLE} login password '${app}'`,
    `create database ${DATABASE} owner ${OWNER_ROLE}`,
    `revoke all on database ${DATABASE} from public`,
    `grant connect on database ${DATABASE} to ${APP_ROLE}`,
    '',
  ].join(';\n')
