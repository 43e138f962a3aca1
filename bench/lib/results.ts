import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { version } from '../../src/version.js'
import type { Figures } from '../goals.js'

/** The figures of one release on one version of Node. */
export type Results = {
  release: string
  /** As in 2026-12-01. */
  date: string
  node: string
  machine: string
  figures: Figures
}

/** By the major version of Node. */
export type ResultsFile = Record<string, Results>

const FILE = new URL('../results.json', import.meta.url)

export const readResults = (): ResultsFile => JSON.parse(readFileSync(FILE, 'utf8')) as ResultsFile

/** Replaces the results of this major version of Node. Figures that were not measured keep their last value. */
export function recordResults(nodeMajor: number, figures: Figures): void {
  const all = readResults()
  const results: Results = {
    release: version,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: describeMachine(),
    figures: { ...all[nodeMajor]?.figures, ...figures },
  }
  writeFileSync(FILE, `${JSON.stringify({ ...all, [nodeMajor]: results }, null, 2)}\n`)
}

function describeMachine(): string {
  const memory = Math.round(totalmem() / 1_073_741_824)
  return `${availableParallelism()} cores of ${cpus()[0]?.model.trim()}, ${memory} GiB, ${process.platform} ${release()}`
}
