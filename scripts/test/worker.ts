/** Runs the test files whose paths come on its standard input, one after the other, and prints their results as TAP. */
import './without-async-hooks.js'
import { createInterface } from 'node:readline'
import root from 'tap'
import { runFile } from '../../test/tap.js'

// Each file has its own limit, and each test in it.
root.setTimeout(0)

for await (const file of createInterface({ input: process.stdin })) {
  await runFile(file)
  // Only the line after a result shows its reader that no diagnostics follow.
  process.stdout.write('pragma -strict\n')
}
