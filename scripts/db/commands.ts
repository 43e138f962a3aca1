import type postgres from 'postgres'
import { loadConfig } from '../../src/config/index.js'
import {
  ConnectionError,
  downgrade,
  MigrationError,
  migrationStatus,
  upgrade,
} from '../../src/db/migrate/index.js'
import { type OpenDatabase, openDatabase } from '../../src/db/open.js'
import { afterMigration, MIGRATIONS_FOLDER as folder } from '../../src/db/setup.js'
import { parseOptions, UsageError } from '../arguments.js'
import { parsePositional, parseRevision, parseTarget } from './arguments.js'

/** What follows `tsx scripts/db.ts`. */
export const commands = new Map([
  ['generate', generateCommand],
  ['upgrade', upgradeCommand],
  ['downgrade', downgradeCommand],
  ['status', statusCommand],
  ['check', checkCommand],
])

async function generateCommand(args: string[]): Promise<void> {
  const { name, custom = false } = parseOptions(args, {
    name: { type: 'string' },
    custom: { type: 'boolean' },
  })
  if (name === undefined) throw new UsageError('--name is missing, such as --name add_country_code')
  // drizzle-kit is slow to load and a development dependency: only the commands that need it import it.
  const { generate } = await import('./generate.js')
  const migration = await generate({ ...(await schemaAndFolder()), name, custom })
  console.log(
    migration === undefined
      ? 'The schema has not changed since the newest migration (--custom writes an empty one).'
      : `drizzle/${migration}.sql\ndrizzle/${migration}.down.sql\nRead both before you commit them.`,
  )
}

async function upgradeCommand(args: string[]): Promise<void> {
  const revision = parsePositional(args)
  const to = revision === undefined ? {} : { to: parseRevision(revision) }
  const applied = await withDatabase((database) =>
    upgrade(database.migrationUrl, {
      ...runnerOptions(database),
      ...to,
      onApply: (name) => console.log(`applied   ${name}`),
    }),
  )
  if (applied.length === 0) console.log('Nothing to apply.')
}

async function downgradeCommand(args: string[]): Promise<void> {
  const target = parseTarget(parsePositional(args))
  const reverted = await withDatabase((database) =>
    downgrade(database.migrationUrl, {
      ...runnerOptions(database),
      target,
      onRevert: (name) => console.log(`reverted  ${name}`),
    }),
  )
  if (reverted.length === 0) console.log('Nothing to revert.')
}

async function statusCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  const states = await withDatabase(({ migrationUrl }) => migrationStatus(migrationUrl, { folder }))
  const width = Math.max(0, ...states.map(({ name }) => name.length))
  for (const { name, state, appliedAt } of states) {
    console.log(`${name.padEnd(width)}  ${state.padEnd(8)}  ${appliedAt?.toISOString() ?? ''}`.trimEnd())
  }
}

async function checkCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  const { check, checkApplied } = await import('./check.js')
  const problems = await check(await schemaAndFolder())
  const { DATABASE_URL, DATABASE_MIGRATION_URL: url = DATABASE_URL } = loadConfig()
  // The files can be checked without a database, as in CI; a configured one may add what was applied there.
  if (url !== undefined) problems.push(...(await checkApplied(url, { folder }).catch(unlessUnreachable)))
  if (problems.length > 0) throw new MigrationError(problems.join('\n'))
  console.log('Schema, snapshots and migrations agree.')
}

async function schemaAndFolder() {
  return { folder, schema: await import('../../src/db/schema/index.js') }
}

async function withDatabase<T>(work: (database: OpenDatabase) => Promise<T>): Promise<T> {
  const database = await openDatabase(loadConfig())
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

function runnerOptions(database: OpenDatabase) {
  return {
    folder,
    after: (sql: postgres.Sql) => afterMigration(sql, database),
    onWait: () => console.log('Waiting for another migration of this database to end …'),
  }
}

function unlessUnreachable(error: unknown): string[] {
  if (!(error instanceof ConnectionError)) throw error
  console.log(`What was applied is not checked: ${error.message}`)
  return []
}
