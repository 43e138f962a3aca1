const counts = { passed: 0, failed: 0 }

/** One thing that has to hold; what comes after it is tried all the same. */
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

/** Answers the exit code. The last line is what `.ci/run` counts. */
export function report(): number {
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  return counts.failed === 0 ? 0 : 1
}
