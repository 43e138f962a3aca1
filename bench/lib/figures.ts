import { type FigureName, type Goal, goalOn, goals } from '../goals.js'

export type Message = { figure: FigureName; value: number }

export const NODE_MAJOR = Number(process.versions.node.split('.')[0])

/** The number of rounds of a measurement: `ROUNDS`, or what suits the kind of run. */
export const roundsOf = ({ usual, quick }: { usual: number; quick: number }): number =>
  Number(process.env.ROUNDS ?? (isQuick ? quick : usual))

/** In the round of everything, each measurement takes a minute at most. */
export const isQuick = process.env.BENCH_SIZE === 'quick'

/** Prints a figure with its goal. Passes it on to the round of everything that has a goal, if that runs it. */
export function report(figure: FigureName, value: number): void {
  const goal: Goal = goals[figure]
  const { sign, value: wanted } = goalOn(NODE_MAJOR, goal)
  const rounded = roundTo(goal, value)
  console.log(`${goal.what}: ${rounded} ${goal.unit} (wanted: ${sign} ${wanted})`)
  process.send?.({ figure, value: rounded } satisfies Message)
}

/** Three digits say more than two runs of one build agree on. */
export const roundTo = ({ unit }: Goal, value: number): number =>
  unit === 'times' || unit === 's' || unit === 'z'
    ? Number(value.toFixed(2))
    : Number(value.toFixed(value < 10 ? 1 : 0))
