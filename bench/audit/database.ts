import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseUrl, openTestDatabases } from '../../scripts/test/databases.js'
import { prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { startEmbeddedPostgres } from '../../src/embedded-postgres/index.js'

export type BenchDatabase = {
  adminUrl: string
  ownerUrl: string
  appUrl: string
  close: () => Promise<void>
}

/** Opens a migrated database that writes to disk as in production, unlike that of the tests. */
export function openBenchDatabase(): Promise<BenchDatabase> {
  const { DATABASE_URL } = process.env
  return DATABASE_URL === undefined ? openEmbedded() : openOnServer(DATABASE_URL)
}

async function openEmbedded(): Promise<BenchDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
  const { superuserUrl, ownerUrl, appUrl, stop } = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
  })
  const close = async () => {
    await stop()
    rmSync(folder, { recursive: true })
  }
  await prepareDatabase({ migrationUrl: ownerUrl, appRole: roleOf(appUrl) })
  const database = new URL(ownerUrl).pathname.slice(1)
  return { adminUrl: databaseUrl(superuserUrl, database), ownerUrl, appUrl, close }
}

async function openOnServer(url: string): Promise<BenchDatabase> {
  const { databases, close } = await openTestDatabases(url)
  const { adminUrl, ownerUrl, appUrl, template } = databases
  return {
    adminUrl: databaseUrl(adminUrl, template),
    ownerUrl: databaseUrl(ownerUrl, template),
    appUrl: databaseUrl(appUrl, template),
    close,
  }
}

export const roleOf = (url: string): string => decodeURIComponent(new URL(url).username)
