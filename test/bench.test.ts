import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FigureName, goals, isMet } from '../bench/goals.js'
import { readResults } from '../bench/lib/results.js'
import { formatTable, missed } from '../bench/lib/table.js'
import { PACKAGE_ROOT } from './helpers/process.js'
import t from './tap.js'

const FOLDER = join(PACKAGE_ROOT, 'bench/bare')

// The bare servers are plain JavaScript, which the compiler does not check.
for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.js'))) {
  t.test(`bench/bare/${file} imports what the build has`, async (t) => {
    const text = readFileSync(join(FOLDER, file), 'utf8')
    const imports = [...text.matchAll(/^import (.+) from '\.\.\/\.\.\/dist\/(.+)\.js'$/gm)]
    t.ok(imports.length > 0)
    for (const [, names = '', path] of imports) {
      const module = await import(join(PACKAGE_ROOT, `src/${path}.ts`))
      for (const name of names.startsWith('{') ? (names.match(/\w+/g) ?? []) : ['default'])
        t.ok(name in module, `${name} of ${path}`)
    }
  })
}

const LAST = { release: '1.0.0', date: '2026-12-01', node: 'v20.20.2', machine: 'a laptop' }

/** The line of the table about one figure. */
function lineOf(name: FigureName, nodeMajor: number, now: number | undefined, last?: number): string {
  const figures = now === undefined ? {} : { [name]: now }
  const results = last === undefined ? undefined : { ...LAST, figures: { [name]: last } }
  const line = formatTable(nodeMajor, figures, results)
    .split('\n')
    .find((each) => each.includes(goals[name].what))
  return String(line).replaceAll(/ {2,}/g, ' | ')
}

t.test('the table shows what is wanted, now and in the last release', async (t) => {
  const what = goals.meCpu.what
  t.equal(lineOf('meCpu', 20, 1.2, 1.25), `✓ | ${what} | ≤ 1.25 times | 1.2 | 1.25`)
  t.equal(lineOf('meCpu', 20, undefined), ` | ${what} | ≤ 1.25 times | – | –`)
})

t.test('the table marks a missed goal in either direction', async (t) => {
  t.match(lineOf('meCpu', 20, 1.26), /^✗/)
  t.match(lineOf('mePerSecond', 20, 0.79), /^✗ .*≥ 0\.8 times/)
  t.match(lineOf('mePerSecond', 20, 0.8), /^✓/)
  t.strictSame(missed(20, { meCpu: 1.26, mePerSecond: 0.8 }), ['meCpu'])
})

t.test('a goal follows the version of Node', async (t) => {
  for (const [major, isWanted] of [
    [20, false],
    [22, false],
    [24, true],
    [26, true],
  ] as const)
    t.equal(isMet(major, goals.meCpu, 1.3), isWanted, `Node ${major}`)
})

t.test('the table shows a change since the last release that is no noise', async (t) => {
  t.match(lineOf('promoted', 20, 60, 65), / 65$/)
  t.match(lineOf('promoted', 20, 130, 65), / 65 \(\+100 %\)$/)
  t.match(lineOf('promoted', 20, 13, 65), / 65 \(−80 %\)$/)
})

t.test('columns of the table are aligned', async (t) => {
  const lines = formatTable(20, { besideIdle: 1234 }, undefined).split('\n')
  const column = lines[0]?.indexOf('wanted') ?? -1
  for (const line of lines.slice(1)) t.match(line.slice(column), /^[≤≥] [\d,.]+ /, line)
  t.match(
    lines.find((line) => line.includes('10,000 idle')),
    /✗.* 1,234 /,
  )
})

t.test('every goal names a measurement, and every recorded figure a goal', async (t) => {
  const files = readdirSync(join(PACKAGE_ROOT, 'bench'))
  for (const { what, bench } of Object.values(goals)) t.ok(files.includes(`${bench}.ts`), what)
  for (const { figures } of Object.values(readResults()))
    for (const name of Object.keys(figures)) t.ok(name in goals, name)
})
