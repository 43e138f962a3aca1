import { stripVTControlCharacters } from 'node:util'
import type { Failure, FileResult } from './results.js'

export type Counts = { passed: number; failed: number; skipped: number }

/** Without a terminal, a line of progress comes after this many files. */
const FILES_A_LINE = 20

/** Prints how far a run is, and at its end what failed. On a terminal the progress is one line that is written over. */
export function createReport(total: number, output: NodeJS.WriteStream = process.stdout) {
  const results: FileResult[] = []
  const startedAt = performance.now()
  const running = new Set<string>()
  const describeProgress = () => {
    const failed = results.filter((result) => result.failed > 0).length
    return [`${results.length} of ${total} files`, ...(failed > 0 ? [`${failed} failed`] : [])]
  }
  const showProgress = () => {
    const line = [...describeProgress(), ...running].join(' · ')
    if (output.isTTY) output.write(`\r\x1b[K${line.slice(0, output.columns - 1)}`)
  }
  return {
    start: (file: string) => {
      running.add(file)
      showProgress()
    },
    add: (result: FileResult) => {
      running.delete(result.file)
      results.push(result)
      showProgress()
      if (!output.isTTY && results.length % FILES_A_LINE === 0)
        output.write(`${describeProgress().join(', ')}\n`)
    },
    results: (): readonly FileResult[] => results,
    /** Prints the failures, and so many of the slowest files. */
    end: (slowest: number): void => {
      if (output.isTTY) output.write('\r\x1b[K')
      const failures = results.flatMap(describe).join('\n')
      if (failures) output.write(`${output.isTTY ? failures : stripVTControlCharacters(failures)}\n\n`)
      const byTime = [...results].sort((one, other) => other.timeMs - one.timeMs).slice(0, slowest)
      for (const { file, timeMs } of byTime)
        output.write(`${(timeMs / 1000).toFixed(1).padStart(7)} s  ${file}\n`)
      output.write(`${results.length} files in ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`)
    },
  }
}

function describe({ file, failures, output }: FileResult): string[] {
  return [
    ...failures.map((failure) => describeFailure(file, failure)),
    ...(output?.trim() ? [`\n${file} printed:\n${indent(output.trim())}`] : []),
  ]
}

function describeFailure(file: string, { title, diagnostics }: Failure): string {
  const { at, diff, source, stack } = diagnostics ?? {}
  const place = at?.fileName ? `${at.fileName}:${at.lineNumber}` : file
  const details = [diff ?? source, diff ? undefined : stack].filter((text) => text?.trim())
  return [`\n✖ ${title}`, `  ${place}`, ...details.map((text) => indent(text ?? ''))].join('\n')
}

/** A line of a bundled dependency may have thousands of characters. A wide terminal shows more of it. */
const LINE_MAX_LENGTH = Math.max(200, (process.stdout.columns ?? 0) - 4)

const indent = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line.slice(0, LINE_MAX_LENGTH)}`)
    .join('\n')
