import { runCommand } from '../src/scripts/command-line/run-command.js'
import { writeSchemaIndex } from './db/schema-index.js'

// Before anything imports the tables: one of them may be gone.
if (process.argv[2] === 'generate') writeSchemaIndex()
const { commands } = await import('./db/commands.js')

await runCommand({
  name: 'db',
  commands,
  usage: `Usage:
  npm run db:generate -- --name <name> [--custom]       write the next migration, up and down
  npm run db:upgrade [-- <revision>]                    apply what is missing, up to a revision
  npm run db:downgrade -- (-<steps> | <revision> | base)  revert the newest, or all above a revision
  npm run db:status                                     what this database has of the migrations
  npm run db:check                                      do schema, snapshots and files agree?
A revision is a number such as 0003, or a migration's full name.`,
})
