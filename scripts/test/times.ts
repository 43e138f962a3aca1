import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { FileResult } from './results.js'

const FILE = '.tap/times.json'

/** Milliseconds by file, as the last run of each took; empty before the first. */
export function readTimes(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'))
  } catch {
    return {}
  }
}

export function writeTimes(results: readonly FileResult[]): void {
  const times = {
    ...readTimes(),
    ...Object.fromEntries(results.map(({ file, timeMs }) => [file, Math.round(timeMs)])),
  }
  mkdirSync(dirname(FILE), { recursive: true })
  writeFileSync(FILE, JSON.stringify(times))
}
