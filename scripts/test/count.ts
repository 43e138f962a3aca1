export type Counts = { passed: number; failed: number; skipped: number }

/**
 * Counts the tests in a TAP stream: the blocks inside each file, indented once. A file that fails without a
 * failing test, because it does not load or was killed, counts as one failure.
 */
export function countTests(tap: string): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  let failedInFile = 0
  for (const line of tap.split('\n')) {
    const match = /^( {4})?(not )?ok \d+(.*)$/.exec(line)
    if (!match) continue
    const [, isTest, isFailure, rest = ''] = match
    if (isTest === undefined) {
      if (isFailure && failedInFile === 0) counts.failed += 1
      failedInFile = 0
    } else if (/# (SKIP|TODO)\b/i.test(rest)) {
      counts.skipped += 1
    } else if (isFailure) {
      counts.failed += 1
      failedInFile += 1
    } else {
      counts.passed += 1
    }
  }
  return counts
}
