/** Makes a clone of the starter a product: `npm run init -- --name acme`. */

import { explainExit } from '../src/lib/errors/operator-error.js'
import { initialise } from './init/command.js'

/** The exit code that shells use for Ctrl-C. */
const EXIT_INTERRUPTED = 130

try {
  await initialise(process.argv.slice(2))
} catch (error) {
  const isInterrupted = error instanceof Error && error.name === 'ExitPromptError'
  if (!isInterrupted) console.error(explainExit(error))
  process.exitCode = isInterrupted ? EXIT_INTERRUPTED : 1
}
