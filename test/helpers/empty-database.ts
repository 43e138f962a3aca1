import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/db/embedded/index.js'

let server: Promise<EmbeddedPostgres> | undefined

/** A database without any migration, gone when the test ends: for tests of the migrations themselves. */
export async function createEmptyDatabase(test: Test): Promise<{ url: string; sql: postgres.Sql }> {
  server ??= startServer()
  const { superuserUrl } = await server
  const name = `empty_${randomBytes(6).toString('hex')}`
  const url = new URL(superuserUrl)
  url.pathname = name
  const admin = postgres(superuserUrl, { max: 1 })
  await admin`create database ${admin(name)}`
  const sql = postgres(url.href, { max: 1, onnotice: () => {} })
  test.teardown(async () => {
    await sql.end()
    await admin`drop database ${admin(name)} with (force)`
    await admin.end()
  })
  return { url: url.href, sql }
}

async function startServer(): Promise<EmbeddedPostgres> {
  const started = await startEmbeddedPostgres({ dataDir: join(t.testdir(), 'postgres'), ephemeral: true })
  t.teardown(() => started.stop())
  return started
}
