/** What `npm test` itself does with files that fail, crash or take long. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { selectTestFiles } from '../scripts/test/files.js'
import { runFiles } from '../scripts/test/pool.js'
import { findRelatedTests } from '../scripts/test/related.js'
import type { FileResult } from '../scripts/test/results.js'
import { OperatorError } from '../src/lib/errors/operator-error.js'
import { PACKAGE_ROOT } from './helpers/process.js'
import t from './tap.js'

const TAP = new URL('./tap.js', import.meta.url).href

const FILES = {
  'passes.ts': `import t from '${TAP}'
    t.test('one', async (t) => t.ok(true))
    t.test('left out', { skip: 'for a reason' }, async () => {})`,
  'fails.ts': `import t from '${TAP}'
    t.test('outer', async (t) => {
      t.test('inner', async (t) => t.equal(1, 2, 'numbers'))
    })
    t.test('throws', async () => { throw new Error('no reason') })`,
  'loses-an-error.ts': `import t from '${TAP}'
    t.test('goes on', async (t) => {
      setImmediate(() => { throw new Error('in a callback') })
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    })
    t.test('also', async (t) => t.ok(true))`,
  'crashes.ts': `import t from '${TAP}'
    t.test('never ends', () => { console.error('last words'); process.exit(3) })`,
  'does-not-load.ts': `import './nowhere.js'`,
}

t.test('reports each file, whatever becomes of the others', async (t) => {
  const folder = relative(PACKAGE_ROOT, t.testdir(FILES))
  const results = new Map<string, FileResult>()
  const started = new Set<string>()
  await runFiles({
    files: Object.keys(FILES).map((name) => ({
      path: `${folder}/${name}`,
      bytes: 0,
      needsOwnProcess: false,
    })),
    jobs: 1,
    env: process.env,
    onStart: (file) => started.add(file),
    onResult: (result) => results.set(result.file.slice(folder.length + 1), result),
  })
  t.equal(started.size, 5)
  t.match(results.get('passes.ts'), { passed: 1, failed: 0, skipped: 1, failures: [] })
  t.match(results.get('fails.ts'), {
    passed: 0,
    failed: 2,
    failures: [
      { title: 'outer > inner > numbers', diagnostics: { diff: /-2\n\+1/ } },
      { title: 'throws > no reason' },
    ],
  })
  t.match(results.get('loses-an-error.ts'), { passed: 2, failed: 1, failures: [{ title: /in a callback/ }] })
  t.match(results.get('crashes.ts'), {
    failed: 1,
    failures: [{ title: /^never ends/ }],
    output: /last words/,
  })
  t.match(results.get('does-not-load.ts'), { failed: 1, failures: [{ title: /nowhere\.js/ }] })
})

t.test('takes files and folders, and refuses what has no test', async (t) => {
  const pathsOf = (...wanted: string[]) => selectTestFiles(wanted).map(({ path }) => path)
  t.strictSame(pathsOf('test/runner.test.ts', './test/runner.test.ts'), ['test/runner.test.ts'])
  t.ok(pathsOf('test/lib/').length > 5)
  t.notOk(
    pathsOf().some((path) => path.startsWith('test/faults/')),
    'slow parts have commands of their own',
  )
  t.ok(pathsOf('test').length > pathsOf().length + 20)
  t.throws(() => pathsOf('test/helpers'), OperatorError)
  t.throws(() => pathsOf('test/none.test.ts'), { message: /test\/none\.test\.ts is no test file/ })
})

t.test('gives files that declare audited tables a process of their own', async (t) => {
  const declares = /import \{[^}]*\b(notAudited|audited)\b[^}]*\} from '[^']*declarations\/audited\.js'/
  const declaring = selectTestFiles(['test']).filter(({ path }) => declares.test(readFileSync(path, 'utf8')))
  t.ok(declaring.length > 3)
  for (const { path, needsOwnProcess } of declaring)
    t.ok(needsOwnProcess, `${path} begins with "// own process: " and the reason`)
})

t.test('finds the tests nearest to a change', async (t) => {
  t.equal(findRelatedTests(['src/routes/me/index.ts'])[0], 'test/routes/me.test.ts')
  t.ok(findRelatedTests(['src/lib/audit/merkle.ts']).includes('test/lib/merkle.test.ts'))
  t.strictSame(findRelatedTests(['test/lib/merkle.test.ts']), ['test/lib/merkle.test.ts'])
  t.strictSame(findRelatedTests(['README.md']), [])
})
