import { runCommand } from '../src/scripts/command-line/run-command.js'
import { writeSchemaIndex } from './db/schema-index.js'

// Before anything imports the tables: the index may still list a deleted file.
if (process.argv[2] === 'generate') writeSchemaIndex()
const { commands } = await import('./db/commands.js')

await runCommand({
  name: 'db',
  commands,
  usage: `Usage:
  npm run db:generate -- --name <name> [--custom]         write the next migration, up and down
  npm run db:upgrade [-- <revision>]                      apply pending migrations, up to a revision
  npm run db:downgrade -- (-<steps> | <revision> | base)  revert the newest, or all above a revision
  npm run db:status                                       list the migrations and their state
  npm run db:check                                        check that schema, snapshots and files agree
  npm run db:psql                                         open psql on the database
  npm run db:reset [-- --yes]                             drop everything, and migrate again
  npm run db:seed                                         add sample data
A revision is a number such as 0003, or a migration's full name.`,
})
