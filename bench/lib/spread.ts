import type { ChildProcess } from 'node:child_process'
import { type Account, signIn } from './accounts.js'
import { nextMessage, start, stop } from './child.js'
import { startCpuStopwatch } from './cpu.js'
import type { Load, Target, Window } from './load.js'
import { type Running, startOurs } from './programs.js'

/** An API process, and a process that sends requests directly to it, without a proxy. */
export type Member = {
  server: Running
  load: ChildProcess
  origin: string
  /** The headers that each of its clients sends. */
  clients: Record<string, string>[]
}

export type Share = { perSecond: number; serverUs: number; backendsUs: number; loadUs: number }

export async function startMember(
  url: string,
  folder: string,
  accounts: readonly Account[],
): Promise<Member> {
  const server = await startOurs(url, folder)
  const { origin } = server
  const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
  return { server, origin, load, clients: await signIn(origin, accounts) }
}

export async function stopMember({ server, load }: Member): Promise<void> {
  await Promise.all([server.stop(), stop(load)])
}

type Measurement = {
  members: readonly Member[]
  backends: readonly number[]
  target: Target
  ms: number
}

/** Measures one window in which all members get requests at once. CPU times are in µs per request. */
export async function measureShare({ members, backends, target, ms }: Measurement): Promise<Share> {
  const type = target.bodies && { 'content-type': 'application/json' }
  const serverCpu = startCpuStopwatch(members.flatMap(({ server }) => server.pids))
  const loadCpu = startCpuStopwatch(members.map(({ load }) => Number(load.pid)))
  const backendsCpu = startCpuStopwatch(backends)
  const loads = await Promise.all(
    members.map(({ load, origin, clients }) => {
      const headers = clients.map((own) => ({ ...own, ...type }))
      load.send({ ...target, origin, clients: headers, ms } satisfies Window)
      return nextMessage<Load>(load)
    }),
  )
  const requests = loads.reduce((sum, load) => sum + load.requests, 0)
  return {
    perSecond: loads.reduce((sum, load) => sum + (load.requests * 1000) / load.ms, 0),
    serverUs: serverCpu.elapsedUs() / requests,
    backendsUs: backendsCpu.elapsedUs() / requests,
    loadUs: loadCpu.elapsedUs() / requests,
  }
}
