import { UsageError } from '../src/scripts/command-line/arguments.js'
import { explain } from '../src/scripts/command-line/explain.js'
import { runUpgrade, USAGE } from './upgrade/command.js'

try {
  if (!(await runUpgrade(process.argv.slice(2), process.cwd()))) process.exitCode = 1
} catch (error) {
  console.error(explain('upgrade', error))
  if (error instanceof UsageError) console.error(USAGE)
  process.exitCode = 1
}
