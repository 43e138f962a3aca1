/**
 * Lists, retries and discards failed jobs. It needs only the outbox in
 * the database: Redis may be down or empty.
 */
import { loadConfig } from '../config/index.js'
import { createDatabaseClient, databaseOptions } from '../db/driver/client.js'
import { openDatabase } from '../db/lifecycle/open.js'
import { UsageError } from './command-line/arguments.js'
import { explain } from './command-line/explain.js'
import { requireMigrations } from './command-line/require-migrations.js'
import { type Arguments, parseArguments, USAGE } from './jobs/arguments.js'
import { commands } from './jobs/commands.js'

try {
  await run(parseArguments(process.argv.slice(2)))
} catch (error) {
  console.error(explain('jobs', error))
  if (error instanceof UsageError) console.error(USAGE)
  process.exitCode = 1
}

async function run(args: Arguments): Promise<void> {
  const config = loadConfig()
  const database = await openDatabase(config)
  try {
    await requireMigrations(database)
    const { db, close } = createDatabaseClient(databaseOptions(config, database.directUrl, 'cli:jobs'))
    await commands[args.command](db, args).finally(close)
  } finally {
    await database.close()
  }
}
