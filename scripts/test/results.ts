import { Parser, type Result } from 'tap-parser'

/** What tap says about a failed assertion, besides its name. */
export type Diagnostics = {
  at?: { fileName?: string; lineNumber?: number }
  source?: string
  diff?: string
  stack?: string
}

/** `title` has the names of the test, of what is nested in it, and of the assertion. */
export type Failure = { title: string; diagnostics?: Diagnostics }

export type FileResult = {
  file: string
  passed: number
  failed: number
  skipped: number
  failures: Failure[]
  timeMs: number
  /** What the process printed meanwhile; only of a file that failed. */
  output?: string
}

/** Reads the TAP of a process, in which each file is a group of tests, and reports where each file begins and how it ended. */
export function readResults(on: {
  onBegin: (file: string) => void
  onEnd: (result: FileResult) => void
}): Parser {
  const parser = new Parser()
  parser.on('child', (group: Parser) => {
    on.onBegin(group.name)
    const result: FileResult = { file: group.name, passed: 0, failed: 0, skipped: 0, failures: [], timeMs: 0 }
    group.on('assert', (test: Result) => {
      if (test.skip || test.todo) result.skipped += 1
      else if (test.ok) result.passed += 1
      else result.failed += 1
    })
    collectFailures(group, [], (failure) => result.failures.push(failure))
    parser.once('assert', (file: Result) => {
      result.timeMs = file.time ?? 0
      // The file does not load, or one of its hooks threw.
      if (!file.ok && result.failures.length === 0)
        result.failures.push({ title: 'the file itself', diagnostics: file.diag })
      if (!file.ok) result.failed ||= 1
      on.onEnd(result)
    })
  })
  return parser
}

/** The innermost ones: that a test failed because one of its assertions did says nothing more. */
function collectFailures(parser: Parser, path: string[], add: (failure: Failure) => void): void {
  let isExplained = false
  parser.on('child', (child: Parser) => {
    isExplained = false
    collectFailures(child, [...path, child.name], (failure) => {
      isExplained = true
      add(failure)
    })
  })
  parser.on('assert', ({ ok, skip, todo, name, diag }: Result) => {
    if (!ok && !skip && !todo && !isExplained)
      add({ title: [...path, name].join(' > '), ...(diag && { diagnostics: diag }) })
    isExplained = false
  })
}
