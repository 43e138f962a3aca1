import { startCpuStopwatch } from '../lib/cpu.js'
import type { Operation, Side, SideName, Sides } from './sides.js'

/** CPU in µs per operation: of this process, the database client, and of the database backends. */
export type Figures = { perSecond: number; nodeUs: number; backendsUs: number }
export type Round = Record<SideName, Figures>

const WINDOW_MS = 200

/** A palindrome, so that changes in the speed of the machine affect all sides equally. */
const ORDER: SideName[] = ['audited', 'plain', 'bare', 'wrapped', 'wrapped', 'bare', 'plain', 'audited']

export async function measureRound(
  sides: Sides,
  operation: Operation,
  clients: number,
  backends: readonly number[],
): Promise<Round> {
  const halves: Record<SideName, Figures[]> = { audited: [], plain: [], bare: [], wrapped: [] }
  for (const name of ORDER) halves[name].push(await measureWindow(sides[name], operation, clients, backends))
  const { audited, plain, bare, wrapped } = halves
  return { audited: mean(audited), plain: mean(plain), bare: mean(bare), wrapped: mean(wrapped) }
}

export async function measureWindow(
  side: Side,
  operation: Operation,
  clients: number,
  backends: readonly number[],
  windowMs = WINDOW_MS,
): Promise<Figures> {
  const [nodeCpu, backendsCpu] = [startCpuStopwatch([process.pid]), startCpuStopwatch(backends)]
  const start = performance.now()
  let count = 0
  const client = async () => {
    while (performance.now() - start < windowMs) {
      await side[operation]()
      count += 1
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  await side.settle?.()
  const ms = performance.now() - start
  return {
    perSecond: (count * 1000) / ms,
    nodeUs: nodeCpu.elapsedUs() / count,
    backendsUs: backendsCpu.elapsedUs() / count,
  }
}

function mean(figures: readonly Figures[]): Figures {
  const average = (figure: keyof Figures) =>
    figures.reduce((sum, one) => sum + one[figure], 0) / figures.length
  return {
    perSecond: average('perSecond'),
    nodeUs: average('nodeUs'),
    backendsUs: average('backendsUs'),
  }
}
