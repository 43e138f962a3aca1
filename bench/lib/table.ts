import { type FigureName, type Figures, type Goal, goalOn, goals, isMet } from '../goals.js'
import type { Results } from './results.js'

const HEAD = ['', 'what', 'wanted', 'now', 'last release'] as const

/**
 * Lists every figure that has a goal, in the order of the goals. `✗` marks a missed one. A figure that was not
 * measured is a dash.
 */
export function formatTable(nodeMajor: number, now: Figures, last: Results | undefined): string {
  const names = Object.keys(goals) as FigureName[]
  const lines = names.map((name) => lineOf(nodeMajor, goals[name], now[name], last?.figures[name]))
  return align([HEAD, ...lines])
}

/** The figures of this run that miss their goal. */
export const missed = (nodeMajor: number, now: Figures): FigureName[] =>
  (Object.keys(goals) as FigureName[]).filter((name) => {
    const value = now[name]
    return value !== undefined && !isMet(nodeMajor, goals[name], value)
  })

function lineOf(nodeMajor: number, goal: Goal, now: number | undefined, last: number | undefined) {
  const { sign, value } = goalOn(nodeMajor, goal)
  const mark = now === undefined ? '' : isMet(nodeMajor, goal, now) ? '✓' : '✗'
  const show = (figure: number | undefined) => figure?.toLocaleString('en') ?? '–'
  return [
    mark,
    goal.what,
    `${sign} ${value.toLocaleString('en')} ${goal.unit}`,
    show(now),
    withChange(last, now),
  ]
}

/** The last figure, with the change since then where it is larger than two runs of one build differ. */
function withChange(last: number | undefined, now: number | undefined): string {
  if (last === undefined) return '–'
  const text = last.toLocaleString('en')
  if (now === undefined || last === 0) return text
  const percent = Math.round((now / last - 1) * 100)
  return Math.abs(percent) < NOISE_PERCENT
    ? text
    : `${text} (${percent > 0 ? '+' : '−'}${Math.abs(percent)} %)`
}

const NOISE_PERCENT = 10

function align(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
