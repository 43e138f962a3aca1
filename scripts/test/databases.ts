import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { startEmbeddedPostgres } from '../../src/db/embedded/index.js'
import { prepareDatabase } from '../../src/db/setup.js'

/** What the test files get in `TEST_DATABASES`: where to make their copies, and as whom to use them. */
export type TestDatabases = {
  /** May create databases. */
  adminUrl: string
  /** As the owner of the tables and as the application, of any database: only the path is to be set. */
  ownerUrl: string
  appUrl: string
  /** The migrated database that every copy is made from. */
  template: string
}

export type OpenTestDatabases = { databases: TestDatabases; close: () => Promise<void> }

/** A throw-away PostgreSQL, or the server of DATABASE_URL: there only what begins with `<name>_test` is touched. */
export async function openTestDatabases(url: string | undefined): Promise<OpenTestDatabases> {
  return url === undefined ? openEmbedded() : openOnServer(url)
}

async function openEmbedded(): Promise<OpenTestDatabases> {
  const dataDir = join(tmpdir(), `groundwork-test-${randomBytes(6).toString('hex')}`)
  const server = await startEmbeddedPostgres({ dataDir, ephemeral: true })
  const databases = {
    adminUrl: server.superuserUrl,
    ownerUrl: server.ownerUrl,
    appUrl: server.appUrl,
    template: 'groundwork_test',
  }
  await makeTemplate(databases)
  return { databases, close: () => server.stop() }
}

async function openOnServer(url: string): Promise<OpenTestDatabases> {
  const template = `${decodeURIComponent(new URL(url).pathname.slice(1)) || 'groundwork'}_test`
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  const close = async () => {
    try {
      await dropDatabases(admin, template)
      await dropRoles(admin, template)
    } finally {
      await admin.end()
    }
  }
  try {
    const roles = await makeRoles(admin, template, url)
    const databases = { adminUrl: url, ...roles, template }
    await dropDatabases(admin, template)
    await makeTemplate(databases)
    return { databases, close }
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
}

const rolesOf = (template: string) => ({ owner: `${template}_owner`, app: `${template}_app` })

/** As a role that may not make roles, the tests use that one role for everything. */
async function makeRoles(admin: postgres.Sql, template: string, url: string) {
  const [rights] = await admin<{ mayCreateRoles: boolean }[]>`
    select rolsuper as "mayCreateRoles" from pg_roles where rolname = current_user`
  if (!rights?.mayCreateRoles) return { ownerUrl: url, appUrl: url }
  await dropDatabases(admin, template)
  await dropRoles(admin, template)
  const makeRole = async (role: string) => {
    const roleUrl = new URL(url)
    roleUrl.username = role
    roleUrl.password = randomBytes(16).toString('hex')
    await admin.unsafe(`create role "${role}" login password '${roleUrl.password}'`)
    return roleUrl.href
  }
  const { owner, app } = rolesOf(template)
  return { ownerUrl: await makeRole(owner), appUrl: await makeRole(app) }
}

async function makeTemplate({ adminUrl, ownerUrl, appUrl, template }: TestDatabases): Promise<void> {
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} })
  const owner = decodeURIComponent(new URL(ownerUrl).username)
  await admin`create database ${admin(template)} ${owner ? admin`owner ${admin(owner)}` : admin``}`
  await admin.end()
  const migrationUrl = databaseUrl(ownerUrl, template)
  await prepareDatabase({ migrationUrl, appRole: decodeURIComponent(new URL(appUrl).username) || owner })
}

async function dropDatabases(admin: postgres.Sql, template: string): Promise<void> {
  const databases = await admin<{ name: string }[]>`
    select datname as name from pg_database where datname = ${template} or datname like ${`${template}\\_%`}`
  for (const { name } of databases) await admin`drop database ${admin(name)} with (force)`
}

async function dropRoles(admin: postgres.Sql, template: string): Promise<void> {
  for (const role of Object.values(rolesOf(template))) await admin`drop role if exists ${admin(role)}`
}

export function databaseUrl(url: string, database: string): string {
  const result = new URL(url)
  result.pathname = `/${database}`
  return result.href
}
