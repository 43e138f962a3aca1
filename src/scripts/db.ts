/** Migrations where only the build is, such as in an image. In a checkout `npm run db:…` can do more: scripts/db.ts. */

import { runCommand } from './command-line/run-command.js'
import { commands } from './db/commands.js'

await runCommand({
  name: 'db',
  commands,
  usage: `Usage:
  node dist/scripts/db.js upgrade [<revision>]                    apply what is missing, up to a revision
  node dist/scripts/db.js downgrade (-<steps> | <revision> | base)  revert the newest, or all above a revision
  node dist/scripts/db.js status                                  what this database has of the migrations
A revision is a number such as 0003, or a migration's full name.`,
})
