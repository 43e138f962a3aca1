import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { errorCode } from './errors.js'

/** `pid-start`. A pid alone may have been reused; no two processes share pid and start time. */
export type ProcessIdentity = string

/** True on Linux. */
export const hasProcFs = existsSync('/proc/self/stat')

/** Returns undefined when no such process runs. A zombie does not count as running. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = hasProcFs ? startFromProcFs(pid) : startFromPs(pid)
  return startedAt === undefined ? undefined : `${pid}-${startedAt}`
}

export const ownIdentity: ProcessIdentity = identify(process.pid) ?? `${process.pid}-0`

export const pidOf = (identity: ProcessIdentity): number => Number.parseInt(identity, 10)

export function isRunning(identity: ProcessIdentity): boolean {
  const pid = pidOf(identity)
  return pid > 0 && identify(pid) === identity
}

/** Whether any process, of any user, has this pid. */
export function isPidTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

function startFromProcFs(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in parentheses, which may contain spaces: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    return state === 'Z' || state === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

function startFromPs(pid: number): string | undefined {
  if (!isPidTaken(pid)) return undefined
  // Windows has no ps, so only the pid identifies the process there.
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  return (stdout ?? '').trim().replace(/\W+/g, '_') || '0'
}
