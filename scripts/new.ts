import { runCommand } from '../src/scripts/command-line/run-command.js'
import { commands } from './new/commands.js'

await runCommand({
  name: 'new',
  commands,
  usage: `Usage:
  npm run new -- <plural> --fields "<name>:<type>, …" [--owner user] [--public-read] [--singular <name>]
  npm run new:field -- <plural> "<name>:<type>, …" [--singular <name>]
A type is line(100), text(10000), boolean, integer, bigint, numeric(12,2), timestamp, date, uuid or enum(low,high).
A ? makes a field optional, =value is its default: --fields "text:text, done:boolean=false, dueAt:timestamp?"`,
})
