import type { ChildProcess } from 'node:child_process'
import { nextMessage } from './child.js'
import { startCpuStopwatch } from './cpu.js'
import type { Load, Window } from './load.js'

export type Side = Omit<Window, 'ms'> & {
  /** The ids of the server's processes. */
  server: readonly number[]
  /** The ids of processes that serve only this side, such as its database backends. */
  backends: readonly number[]
}

/** CPU in µs per request. */
export type Figures = { serverUs: number; backendsUs: number; perSecond: number }
export type Pair = { ours: Figures; bare: Figures }

const WINDOW_MS = 500

/** Measures ours, bare, bare, ours: see `compareInTurn`. */
export async function comparePair(load: ChildProcess, ours: Side, bare: Side): Promise<Pair> {
  return compareInTurn(load, { ours, bare })
}

/** Measures all sides, and again in the opposite order: changes in the speed of the machine affect all equally. */
export async function compareInTurn<Name extends string>(
  load: ChildProcess,
  sides: Record<Name, Side>,
): Promise<Record<Name, Figures>> {
  const names = Object.keys(sides) as Name[]
  const measured: [Name, Figures][] = []
  for (const name of [...names, ...names.toReversed()])
    measured.push([name, await measure(load, sides[name])])
  const meanOf = (wanted: Name) => {
    const [first, second] = measured.filter(([name]) => name === wanted).map(([, figures]) => figures)
    return mean(first as Figures, second as Figures)
  }
  return Object.fromEntries(names.map((name) => [name, meanOf(name)])) as Record<Name, Figures>
}

export async function warmUp(load: ChildProcess, side: Side, requests: number): Promise<void> {
  for (let done = 0; done < requests; ) done += (await ask(load, side)).requests
}

function ask(load: ChildProcess, { server, backends, ...target }: Side): Promise<Load> {
  load.send({ ...target, ms: WINDOW_MS } satisfies Window)
  return nextMessage<Load>(load)
}

async function measure(load: ChildProcess, side: Side): Promise<Figures> {
  const [serverCpu, backendsCpu] = [startCpuStopwatch(side.server), startCpuStopwatch(side.backends)]
  const { requests, ms } = await ask(load, side)
  return {
    serverUs: serverCpu.elapsedUs() / requests,
    backendsUs: backendsCpu.elapsedUs() / requests,
    perSecond: (requests * 1000) / ms,
  }
}

const mean = (a: Figures, b: Figures): Figures => ({
  serverUs: (a.serverUs + b.serverUs) / 2,
  backendsUs: (a.backendsUs + b.backendsUs) / 2,
  perSecond: (a.perSecond + b.perSecond) / 2,
})

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}
