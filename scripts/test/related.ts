import { readdirSync } from 'node:fs'
import { posix, sep } from 'node:path'
import { importsOf } from '../imports.js'

/**
 * What imports everything: from there up, every test would depend on every file. Tests of what only they connect are found
 * by name instead.
 */
const HUBS = [
  'src/app.ts',
  'src/worker-app.ts',
  'src/routes/index.ts',
  'src/workers/index.ts',
  'test/helpers/app.ts',
]

/**
 * The test files nearest to changed files, at most `limit` of them: those that import them, over the fewest files in between,
 * and those named like a route or plugin that does (`test/routes/users-writes.test.ts` for `src/routes/users`).
 */
export function findRelatedTests(changed: readonly string[], limit = Number.POSITIVE_INFINITY): string[] {
  const importers = readImporters()
  const tests = listSources('test').filter((path) => path.endsWith('.test.ts'))
  const found = new Set<string>()
  const seen = new Set<string>()
  let level = [...changed]
  while (level.length > 0) {
    for (const path of level) {
      seen.add(path)
      for (const test of tests) if (test === path || isNamedAfter(test, path)) found.add(test)
    }
    const next = level.filter((path) => !HUBS.includes(path)).flatMap((path) => importers.get(path) ?? [])
    level = [...new Set(next)].filter((path) => !seen.has(path))
  }
  return [...found].slice(0, limit)
}

function isNamedAfter(test: string, path: string): boolean {
  const [, name] = /^src\/(?:routes|plugins\/\w+)\/([\w-]+)/.exec(path) ?? []
  return name !== undefined && new RegExp(`/${name}(-[\\w-]+)?\\.test\\.ts$`).test(test)
}

const listSources = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.ts'))
    .map((name) => posix.join(folder, name.split(sep).join('/')))

/** Which files import each file. */
function readImporters(): Map<string, string[]> {
  const importers = new Map<string, string[]>()
  for (const path of ['src', 'scripts', 'test'].flatMap(listSources)) {
    for (const { target } of importsOf(path)) importers.set(target, [...(importers.get(target) ?? []), path])
  }
  return importers
}
