const counts = { passed: 0, failed: 0 }

/** Runs one check. A failure is counted and printed, and the next checks still run. */
export async function check(title: string, work: () => unknown): Promise<void> {
  const start = performance.now()
  try {
    await work()
    counts.passed += 1
    console.log(`ok   ${title} (${Math.round(performance.now() - start)} ms)`)
  } catch (error) {
    counts.failed += 1
    console.log(`FAIL ${title}\n`, error)
  }
}

/** Prints the counts, which `.ci/run` reads from this line. Returns the exit code. */
export function report(): number {
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  return counts.failed === 0 ? 0 : 1
}
