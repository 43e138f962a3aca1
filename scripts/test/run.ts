import { availableParallelism } from 'node:os'
import type { TestFile } from './files.js'
import { runFiles } from './pool.js'
import { type Counts, createReport } from './report.js'
import type { FileResult } from './results.js'
import { readTimes, writeTimes } from './times.js'

export type RunOptions = {
  env: NodeJS.ProcessEnv
  /** Files at the same time. Default: one for each core, and one more, because tests also wait. */
  jobs?: number | undefined
  /** How many of the slowest files to list. Default: 0. */
  slowest?: number | undefined
  /** Runs failed files once more, one at a time, and names those that pass then. Default: false. */
  retry?: boolean | undefined
}

/** Runs the files and prints what failed, and the counts in the last line. */
export async function runTests(files: readonly TestFile[], options: RunOptions): Promise<Counts> {
  const { env, jobs = availableParallelism() + 1, slowest = 0, retry = false } = options
  let results = await runAndReport(slowestFirst(files), env, jobs, slowest)
  writeTimes(results)
  if (retry) results = await retryFailed(files, results, env)
  const counts = countAll(results)
  const { passed, failed, skipped } = counts
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return counts
}

async function runAndReport(files: readonly TestFile[], env: NodeJS.ProcessEnv, jobs: number, slowest = 0) {
  const report = createReport(files.length)
  await runFiles({
    files,
    jobs: Math.min(jobs, files.length),
    env,
    onStart: report.start,
    onResult: report.add,
  })
  report.end(slowest)
  return report.results()
}

async function retryFailed(
  files: readonly TestFile[],
  results: readonly FileResult[],
  env: NodeJS.ProcessEnv,
) {
  const failed = results.filter((result) => result.failed > 0).map(({ file }) => file)
  if (failed.length === 0) return results
  console.log(`Again, one at a time: ${failed.join(', ')}`)
  const again = await runAndReport(
    files.filter(({ path }) => failed.includes(path)),
    env,
    1,
  )
  for (const { file } of again.filter((result) => result.failed === 0))
    console.log(`${file} failed beside other files, and passes alone.`)
  return [...results.filter(({ file }) => !failed.includes(file)), ...again]
}

function countAll(results: readonly FileResult[]): Counts {
  const sum = (key: keyof Counts) => results.reduce((total, result) => total + result[key], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

/**
 * A slow file that begins last would be waited for alone. Times are those of earlier runs; new files come first, the
 * largest before all.
 */
function slowestFirst(files: readonly TestFile[]): TestFile[] {
  const times = readTimes()
  const timeOf = ({ path }: TestFile) => times[path] ?? Number.MAX_SAFE_INTEGER
  return [...files].sort((one, other) => timeOf(other) - timeOf(one) || other.bytes - one.bytes)
}
