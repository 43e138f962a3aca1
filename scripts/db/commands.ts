import { loadConfig } from '../../src/config/index.js'
import { explainColumns } from '../../src/db/lifecycle/explain.js'
import { MIGRATIONS_FOLDER as folder } from '../../src/db/lifecycle/setup.js'
import {
  ConnectionError,
  explainStates,
  MigrationError,
  migrationStatus,
} from '../../src/db/migrate/index.js'
import { parseOptions, UsageError } from '../../src/scripts/command-line/arguments.js'
import { commands as buildCommands } from '../../src/scripts/db/commands.js'
import { psqlCommand } from './psql.js'
import { resetCommand } from './reset.js'
import { checkSchemaIndex } from './schema-index.js'
import { seedCommand } from './seed/index.js'

/** By name, the first argument of `tsx scripts/db.ts`. */
export const commands = new Map([
  ['generate', generateCommand],
  ...buildCommands,
  ['check', checkCommand],
  ['psql', psqlCommand],
  ['reset', resetCommand],
  ['seed', seedCommand],
])

async function generateCommand(args: string[]): Promise<void> {
  const { name, custom = false } = parseOptions(args, {
    name: { type: 'string' },
    custom: { type: 'boolean' },
  })
  if (name === undefined) throw new UsageError('--name is missing, for example --name add_country_code')
  // drizzle-kit is slow to load: only the commands that need it import it.
  const { generate } = await import('./generate.js')
  const migrations = await generate({ ...(await schemaAndFolder()), name, custom })
  if (migrations.length === 0) {
    console.log('The schema has not changed since the newest migration (--custom writes an empty one).')
    return
  }
  for (const migration of migrations) console.log(`drizzle/${migration}.sql\ndrizzle/${migration}.down.sql`)
  if (migrations.length > 1)
    console.log(
      'Several files, because new enum values and concurrent index builds need a separate transaction.',
    )
  console.log(
    migrations.length > 1 ? 'Read them before you commit them.' : 'Read both before you commit them.',
  )
}

async function checkCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  const { check } = await import('./check.js')
  const problems = [...checkSchemaIndex(), ...(await check(await schemaAndFolder()))]
  const {
    DATABASE_URL,
    DATABASE_DIRECT_URL = DATABASE_URL,
    DATABASE_MIGRATION_URL: url = DATABASE_DIRECT_URL,
  } = loadConfig()
  // The files can be checked without a database, as in CI. With one, the applied migrations are checked too.
  if (url !== undefined) problems.push(...(await checkDatabase(url).catch(unlessUnreachable)))
  if (problems.length > 0) throw new MigrationError(problems.join('\n'))
  console.log('Schema, snapshots and migrations agree.')
}

/** Missing migrations and those of a newer release are no mistake of the files. */
async function checkDatabase(url: string): Promise<string[]> {
  const explanations = explainStates(await migrationStatus(url, { folder }))
  if (explanations.length === 0) return explainColumns(url)
  return explanations.flatMap(({ state, text }) => (state === 'pending' || state === 'newer' ? [] : text))
}

async function schemaAndFolder() {
  return { folder, schema: await import('../../src/db/schema/index.js') }
}

function unlessUnreachable(error: unknown): string[] {
  if (!(error instanceof ConnectionError)) throw error
  console.log(`Applied migrations are not checked: ${error.message}`)
  return []
}
