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

const POSTGRES_MAJOR = '18'

const NAMES = { owner: 'app_owner', app: 'app_user', database: 'app' }
/** Clusters that were created before 1.0.0 keep their names. */
const EARLIER = {
  file: 'groundwork.json',
  names: { owner: 'groundwork_owner', app: 'groundwork_app', database: 'groundwork' },
}

/** The passwords are created with the cluster and kept inside it, so that they cannot be separated. */
export type Credentials = {
  ephemeral: boolean
  superuser: string
  owner: string
  app: string
  /** Of the two roles, and of the database. */
  names: typeof NAMES
}

const isEarlier = (cluster: string) => existsSync(path.join(cluster, EARLIER.file))
const credentialsFile = (cluster: string) =>
  path.join(cluster, isEarlier(cluster) ? EARLIER.file : 'credentials.json')

/**
 * The path by which PostgreSQL addresses a directory that is also its working directory. When it runs
 * as another account than root, it may not be able to enter the directories above, such as /root.
 * /proc/self/cwd bypasses them.
 */
export const clusterPath = (directory: string, account: Account | undefined): string =>
  account && hasProcFs ? '/proc/self/cwd' : directory

/**
 * Returns the credentials of the cluster, or undefined when there is none yet.
 * @throws {EmbeddedPostgresError} when the directory holds other files, or a cluster that is damaged or of
 *   another version
 */
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
    return { ...JSON.parse(credentials), names: isEarlier(cluster) ? EARLIER.names : NAMES }
  } catch {
    throw new EmbeddedPostgresError(`${credentialsFile(cluster)} is damaged: ${startAfresh(dataDir)}`)
  }
}

/**
 * Whether the directory is removed when its last user leaves. False for a directory with any other
 * content.
 */
export function isEphemeral({ cluster }: Layout): boolean {
  const credentials = readIfPresent(credentialsFile(cluster))
  return credentials !== undefined && /"ephemeral":true/.test(credentials)
}

function refuseForeignFiles(dataDir: string): void {
  const foreign = readdirSync(dataDir).find((name) => !/^(lock|users|port$|server\.|cluster\.)/.test(name))
  if (foreign === undefined) return
  throw new EmbeddedPostgresError(
    `${dataDir} is not empty, but holds no database of this application (found ${foreign}): set DATA_DIR to another directory, or ${startAfresh(dataDir)}`,
  )
}

function readIfPresent(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/**
 * Creates the cluster, with its roles and database, in a temporary directory and renames it when it is
 * complete. So an interrupted first start never leaves an incomplete cluster.
 * @throws {EmbeddedPostgresError} when the cluster cannot be created
 */
export async function createCluster(
  layout: Layout,
  options: { binaries: Binaries; account: Account | undefined; ephemeral: boolean },
): Promise<Credentials> {
  const { binaries, account, ephemeral } = options
  removeUnfinished(layout)
  const secret = () => randomBytes(24).toString('base64url')
  const credentials = { ephemeral, superuser: secret(), owner: secret(), app: secret(), names: NAMES }

  const temporary = `${layout.cluster}.${ownIdentity}`
  const passwordFile = path.join(temporary, 'password')
  const cluster = path.join(temporary, 'cluster')
  const data = clusterPath(cluster, account)
  const run = (program: string, args: string[], input = '') =>
    runProgram(program, { args, cwd: cluster, account, input })
  try {
    mkdirSync(cluster, { recursive: true, mode: 0o700 })
    writeFileSync(passwordFile, `${credentials.superuser}\n`, { mode: 0o600 })
    changeOwner(account, temporary, cluster, passwordFile)
    await run(binaries.initdb, ['-D', data, ...INITDB_ARGUMENTS])
    // Single-user mode needs no port, no password and no wait for a server to start.
    await run(binaries.postgres, ['--single', '-F', '-D', data, SUPERUSER], setupSql(credentials))
    if (!ephemeral) await run(binaries.initdb, ['-D', data, '--sync-only'])
    writeFileSync(credentialsFile(cluster), JSON.stringify(credentials), { mode: 0o600 })
    changeOwner(account, credentialsFile(cluster))
    renameSync(cluster, layout.cluster)
    return credentials
  } catch (error) {
    if (!(error instanceof EmbeddedPostgresError)) throw error
    throw new EmbeddedPostgresError(
      `cannot create the database in ${layout.dataDir}: ${error.message}: set DATABASE_URL to use another PostgreSQL`,
    )
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function changeOwner(account: Account | undefined, ...files: string[]): void {
  if (!account) return
  for (const file of files) chownSync(file, account.uid, account.gid)
}

/** Removes the temporary directories of first starts that were killed. */
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
  // Sorts text alike on every machine, independent of its libraries, and handles case beyond ASCII.
  ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
]

/**
 * One statement per line, as single-user mode requires. `public` needs no change: since PostgreSQL 15,
 * only the database owner can create objects in it.
 */
const setupSql = ({ owner, app, names }: Credentials): string =>
  [
    `create role ${names.owner} login password '${owner}'`,
    `create role ${names.app} login password '${app}'`,
    `create database ${names.database} owner ${names.owner}`,
    `revoke all on database ${names.database} from public`,
    `grant connect on database ${names.database} to ${names.app}`,
    '',
  ].join(';\n')
