/**
 * Migrations for deployments that have only the build, such as an image.
 * A checkout has more commands: scripts/db.ts.
 */

import { runCommand } from './command-line/run-command.js'
import { commands } from './db/commands.js'

await runCommand({
  name: 'db',
  commands,
  usage: `Usage:
  node dist/scripts/db.js upgrade [<revision>]                      apply pending migrations, up to a revision
  node dist/scripts/db.js downgrade (-<steps> | <revision> | base)  revert the newest, or all above a revision
  node dist/scripts/db.js status                                    list the migrations and their state
A revision is a number such as 0003, or a migration's full name.`,
})
