import { randomBytes } from 'node:crypto'
import { existsSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type postgres from 'postgres'
import { quoteName } from '../../src/db/driver/quote.js'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/index.js'
import { changeDatabaseUrl, openPostgres, parseDatabaseUrl } from '../../src/lib/database-url/index.js'
import { OperatorError } from '../../src/lib/errors/operator-error.js'

/**
 * What the test files get in `TEST_DATABASES`: where to create their
 * copies, and with which roles to use them.
 */
export type TestDatabases = {
  /** May create databases. */
  adminUrl: string
  /** The owner of the tables and the role of the application. The database in the path has to be set. */
  ownerUrl: string
  appUrl: string
  /** The migrated database that is copied for each test. */
  template: string
}

export type OpenTestDatabases = { databases: TestDatabases; close: () => Promise<void> }

/**
 * Opens a temporary PostgreSQL, or the server at `url`. On that server only databases and roles that begin
 * with `<name>_test` are created and dropped.
 *
 * @throws {OperatorError} when the role of `url` may not create databases
 */
export async function openTestDatabases(url: string | undefined): Promise<OpenTestDatabases> {
  return url === undefined ? openEmbedded() : openOnServer(url)
}

async function openEmbedded(): Promise<OpenTestDatabases> {
  const dataDir = join(fastestFolder(), `app-test-${randomBytes(6).toString('hex')}`)
  const server = await startEmbeddedPostgres({ dataDir, ephemeral: true })
  const databases = {
    adminUrl: server.superuserUrl,
    ownerUrl: server.ownerUrl,
    appUrl: server.appUrl,
    template: 'app_test',
  }
  const close = () => server.stop()
  try {
    await makeTemplate(databases)
  } catch (error) {
    await close()
    throw error
  }
  return { databases, close }
}

/** A file system in memory, on Linux. A database is copied there in a sixth of the time. */
const MEMORY = '/dev/shm'

/** Twice what `test/scale` takes; the other tests take a tenth of a gigabyte. Containers often have only 64 MB. */
const MEMORY_BYTES = 4 * 1024 ** 3

function fastestFolder(): string {
  if (!existsSync(MEMORY)) return tmpdir()
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize >= MEMORY_BYTES ? MEMORY : tmpdir()
}

async function openOnServer(url: string): Promise<OpenTestDatabases> {
  const prefix = `${parseDatabaseUrl(url).database}_test`
  const template = `${prefix}_${randomBytes(4).toString('hex')}`
  // Its session holds a lock that tells other runs that this one is in progress.
  const admin = openPostgres(url, { max: 1, max_lifetime: null, onnotice: () => {} })
  const close = async () => {
    try {
      await dropDatabases(admin, template)
      await dropRoles(admin, template)
    } finally {
      await admin.end()
    }
  }
  try {
    const { mayCreateRoles } = await requireRights(admin)
    await admin`select pg_advisory_lock(hashtext(${template}))`
    await dropEndedRuns(admin, prefix, template)
    const roles = mayCreateRoles ? await makeRoles(admin, template, url) : { ownerUrl: url, appUrl: url }
    const databases = { adminUrl: url, ...roles, template }
    await makeTemplate(databases)
    return { databases, close }
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
}

/**
 * Removes the databases and roles of killed runs. Runs in progress,
 * such as those of another clone, keep theirs.
 */
async function dropEndedRuns(admin: postgres.Sql, prefix: string, own: string): Promise<void> {
  const rows = await admin<{ name: string }[]>`
    select datname as name from pg_database union select rolname from pg_roles`
  const runs = rows.flatMap(({ name }) => {
    const [run] = name.startsWith(`${prefix}_`)
      ? (/^_[0-9a-f]{8}(?=_|$)/.exec(name.slice(prefix.length)) ?? [])
      : []
    return run === undefined ? [] : [`${prefix}${run}`]
  })
  for (const run of new Set(runs)) {
    if (run === own) continue
    const [lock] = await admin<{ taken: boolean }[]>`select pg_try_advisory_lock(hashtext(${run})) as taken`
    if (!lock?.taken) continue
    await dropDatabases(admin, run)
    await dropRoles(admin, run)
    await admin`select pg_advisory_unlock(hashtext(${run}))`
  }
}

const rolesOf = (template: string) => ({ owner: `${template}_owner`, app: `${template}_app` })

/**
 * If the role may not create roles, the tests use that one role for everything.
 *
 * @throws {OperatorError} when it may not create databases
 */
async function requireRights(admin: postgres.Sql): Promise<{ mayCreateRoles: boolean }> {
  const [rights] = await admin<{ role: string; isSuperuser: boolean; mayCreateDatabases: boolean }[]>`
    select rolname as role, rolsuper as "isSuperuser", rolsuper or rolcreatedb as "mayCreateDatabases"
    from pg_roles where rolname = current_user`
  if (!rights?.mayCreateDatabases)
    throw new OperatorError(
      `The tests create databases, which the role ${rights?.role} of DATABASE_URL may not: grant it CREATEDB, or name another role.`,
    )
  return { mayCreateRoles: rights.isSuperuser }
}

async function makeRoles(admin: postgres.Sql, template: string, url: string) {
  const makeRole = async (user: string) => {
    const password = randomBytes(16).toString('hex')
    await admin.unsafe(`create role ${quoteName(user)} login password '${password}'`)
    return changeDatabaseUrl(url, { user, password })
  }
  const { owner, app } = rolesOf(template)
  return { ownerUrl: await makeRole(owner), appUrl: await makeRole(app) }
}

async function makeTemplate({ adminUrl, ownerUrl, appUrl, template }: TestDatabases): Promise<void> {
  const admin = openPostgres(adminUrl, { max: 1, onnotice: () => {} })
  const owner = quoteName(parseDatabaseUrl(ownerUrl).user)
  await admin
    .unsafe(`create database ${quoteName(template)} owner ${owner}`)
    // A connection left open keeps the process from ending.
    .finally(() => admin.end())
  const migrationUrl = databaseUrl(ownerUrl, template)
  await prepareDatabase({ migrationUrl, appRole: parseDatabaseUrl(appUrl).user })
}

async function dropDatabases(admin: postgres.Sql, template: string): Promise<void> {
  const databases = await admin<{ name: string }[]>`
    select datname as name from pg_database where datname = ${template} or datname like ${`${template}\\_%`}`
  for (const { name } of databases) await admin.unsafe(`drop database ${quoteName(name)} with (force)`)
}

async function dropRoles(admin: postgres.Sql, template: string): Promise<void> {
  for (const role of Object.values(rolesOf(template)))
    await admin.unsafe(`drop role if exists ${quoteName(role)}`)
}

export const databaseUrl = (url: string, database: string): string => changeDatabaseUrl(url, { database })
