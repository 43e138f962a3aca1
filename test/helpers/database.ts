import { randomBytes } from 'node:crypto'
import type postgres from 'postgres'
import type { Test } from 'tap'
import { databaseUrl, type TestDatabases } from '../../scripts/test/databases.js'
import { quoteName } from '../../src/db/driver/quote.js'
import { openPostgres, parseDatabaseUrl } from '../../src/lib/database-url/index.js'

export type TestDatabase = {
  /** The URL of the application's role. */
  url: string
  /** PostgreSQL itself, when `url` goes through a pooler. */
  directUrl?: string
  ownerUrl: string
  /**
   * The URL of a role that can create databases and roles, unless the server of the suite does not
   * allow it.
   */
  adminUrl: string
  appRole: string
}

export function testDatabases(): TestDatabases {
  const databases = process.env.TEST_DATABASES
  if (databases === undefined) throw new Error('Run the tests with: npm test [-- file]')
  return JSON.parse(databases)
}

/**
 * Creates a migrated database that is dropped when the test ends. `empty` leaves the migrations
 * out.
 */
export async function createTestDatabase(t: Test, { empty = false } = {}): Promise<TestDatabase> {
  const { adminUrl, ownerUrl, appUrl, template } = testDatabases()
  const name = `${template}_${randomBytes(6).toString('hex')}`
  const owner = quoteName(parseDatabaseUrl(ownerUrl).user)
  const source = quoteName(empty ? 'template0' : template)
  const admin = openPostgres(adminUrl, { max: 1, onnotice: () => {} })
  await admin.unsafe(
    `create database ${quoteName(name)} template ${source} strategy file_copy owner ${owner}`,
  )
  t.teardown(async () => {
    await admin.unsafe(`drop database ${quoteName(name)} with (force)`)
    await admin.end()
  })
  return {
    url: databaseUrl(appUrl, name),
    ownerUrl: databaseUrl(ownerUrl, name),
    adminUrl: databaseUrl(adminUrl, name),
    appRole: parseDatabaseUrl(appUrl).user,
  }
}

/** Opens a connection that closes with the test. */
export function connect(
  t: Test,
  url: string,
  connection: Partial<postgres.ConnectionParameters> = {},
): postgres.Sql {
  const sql = openPostgres(url, { max: 2, onnotice: () => {}, connection })
  t.teardown(() => sql.end())
  return sql
}

/** Opens a connection that sees the rows of all organizations. */
export const connectAcrossOrganizations = (t: Test, url: string): postgres.Sql =>
  connect(t, url, { 'app.scope': 'platform' })

/** Makes a database newer than this release, as in the middle of a rollout. */
export const newerReleaseWasHere = (owner: postgres.Sql, name = '9999_newer') =>
  owner`insert into drizzle.migrations (name, hash, state) values (${name}, '', 'applied')`

type EmptyDatabase = TestDatabase & { appUrl: string; sql: postgres.Sql }

/**
 * Creates a database without migrations, for tests of the migrations. `url` is that of the owner.
 */
export async function createEmptyDatabase(t: Test): Promise<EmptyDatabase> {
  const database = await createTestDatabase(t, { empty: true })
  const { url: appUrl, ownerUrl: url } = database
  return { ...database, url, appUrl, sql: connect(t, url) }
}
