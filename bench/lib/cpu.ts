import { readdirSync, readFileSync } from 'node:fs'

export type Stopwatch = { elapsedUs: () => number }

/**
 * Measures the CPU time, user and system, of all threads of these
 * processes from now on. Reads /proc, so Linux only.
 */
export function startCpuStopwatch(pids: readonly number[]): Stopwatch {
  const starts = pids.map((pid) => ({ pid, startUs: cpuUsOf(pid) ?? 0 }))
  return {
    elapsedUs: () => starts.reduce((sum, { pid, startUs }) => sum + (cpuUsOf(pid) ?? startUs) - startUs, 0),
  }
}

/** Undefined when the process has ended, as that of a replaced database connection. */
function cpuUsOf(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads.reduce((sum, thread) => {
      const [onCpuNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')
      return sum + Number(onCpuNs) / 1000
    }, 0)
  } catch {
    return undefined
  }
}
