import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { newDataDir } from './embedded-dir.js'
import { type StartedProcess, startProcess } from './process.js'

/** The command of `npm run dev`. */
export const DEV_COMMAND = ['node', '--import', 'tsx', 'scripts/dev.ts'] as const

export type Place = { env: NodeJS.ProcessEnv; postgres: string; logFile: string }

/** A separate data directory, with the settings that use it. */
export function newPlace(t: Test): Place {
  const postgres = newDataDir(t)
  const DATA_DIR = dirname(postgres)
  const logFile = join(DATA_DIR, 'logs', 'app.log')
  return { env: { CONFIG_FILE: 'off', PORT: '0', DATA_DIR, LOG_FILE_PATH: logFile }, postgres, logFile }
}

type DevOptions = { env: NodeJS.ProcessEnv; cwd?: string; args?: readonly string[] }

/** Starts the command in a separate process group, as in a terminal, and waits for its banner. */
export async function startDev(t: Test, { env, cwd, args = [] }: DevOptions) {
  const dev = startProcess(t, [...DEV_COMMAND, ...args], { env, group: true, ...(cwd && { cwd }) })
  const [, url = ''] = await dev.says(/API +(http:\/\/localhost:\d+)\/api\/v1\n +API docs +\1\/api-docs\n/)
  return { ...dev, url, pid: dev.child.pid ?? 0 }
}

/** Waits for the worker, which starts last. */
export const allReady = (dev: StartedProcess) => dev.says(/waiting for jobs/)

/** The processes that are still running in a process group. */
export function groupOf(pid: number): string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pgid=,stat=,args='], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => new RegExp(`^ *${pid} +[^Z]`).test(line))
}
