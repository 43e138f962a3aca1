import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Account, signIn } from '../lib/accounts.js'
import { nextMessage, start, stop } from '../lib/child.js'
import type { Load, Window } from '../lib/load.js'
import { launch, type ProgramName, type ProgramOptions } from './programs.js'

/** In MiB. */
export type MemoryUse = { idle: number; 'idle, private': number; 'under load'?: number }

const QUIET_MS = 5_000
const LOAD_MS = 8_000
const SAMPLE_MS = 50

/**
 * Measures the resident memory after 5 quiet seconds, and with `accounts` the most of it while they ask for
 * `GET /me`, each over one connection.
 */
export async function measureMemory(
  name: ProgramName,
  { accounts, ...options }: ProgramOptions & { accounts?: readonly Account[] },
): Promise<MemoryUse> {
  const { child, origin } = await launch(name, options)
  const pid = Number(child.pid)
  await delay(QUIET_MS)
  const idle = { idle: memoryOf(pid, 'Rss'), 'idle, private': memoryOf(pid, 'Private_Dirty') }
  const most = accounts && (await measureLoad(origin, pid, accounts))
  await stop(child)
  return { ...idle, ...(most !== undefined && { 'under load': most }) }
}

async function measureLoad(origin: string, pid: number, accounts: readonly Account[]): Promise<number> {
  const clients = await signIn(origin, accounts)
  const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
  let most = 0
  const sampling = setInterval(() => {
    most = Math.max(most, memoryOf(pid, 'Rss'))
  }, SAMPLE_MS)
  load.send({ method: 'GET', path: '/api/v1/me', origin, clients, ms: LOAD_MS } satisfies Window)
  await nextMessage<Load>(load)
  clearInterval(sampling)
  await stop(load)
  return most
}

function memoryOf(pid: number, field: 'Rss' | 'Private_Dirty'): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text) ?? []
  return Math.round(Number(kib) / 1024)
}
