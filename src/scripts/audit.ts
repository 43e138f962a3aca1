import { commands } from './audit/commands.js'
import { runCommand } from './command-line/run-command.js'

await runCommand({
  name: 'audit',
  commands,
  usage: `Usage:
  npm run audit:verify [-- --anchor <number>:<hash>]  check that every sealed row is unchanged
  npm run audit:seal                                  seal all entries that can be sealed now
  npm run audit:keys                                  generate a key to seal with
  npm run audit:erase -- --user <id>                  erase the personal data of one user
An anchor is the head that an earlier run printed.`,
})
