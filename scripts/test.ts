/** Runs the test suite: `npm test`, or a part of it, as in `npm test -- test/routes/users.test.ts`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { explainExit } from '../src/lib/errors/operator-error.js'
import { countTests } from './test/count.js'
import { openTestDatabases } from './test/databases.js'

/** Unique to this run: two runs may be in progress at once, each of a part of the suite. */
const OUTPUT = `.tap/output-${process.pid}.tap`

/**
 * tsx compiles the test files and caches the result. tap's own compiler would be loaded and compile the whole
 * program for each file. tsx is set in NODE_OPTIONS, before tap's hooks, so that these can still mock
 * modules.
 */
const COMPILER = [
  '--test-env=TAP_TYPE_STRIP_ONLY=1',
  `--test-env=NODE_OPTIONS=${process.env.NODE_OPTIONS ?? ''} --import=tsx`,
]

try {
  const { DATABASE_URL, ...env } = process.env
  const { databases, close } = await openTestDatabases(DATABASE_URL)
  try {
    const exitCode = await runTap({ ...env, NODE_ENV: 'test', TEST_DATABASES: JSON.stringify(databases) })
    const { passed, failed, skipped } = countTests(readFileSync(OUTPUT, 'utf8'))
    // If nothing ran or tap itself failed, the run has failed too.
    const failures = exitCode !== 0 && failed === 0 ? 1 : failed
    console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    process.exitCode = exitCode
  } finally {
    rmSync(OUTPUT, { force: true })
    await close()
  }
} catch (error) {
  console.error(explainExit(error))
  process.exitCode = 1
}

async function runTap(env: NodeJS.ProcessEnv): Promise<number> {
  const { resolve } = createRequire(import.meta.url)
  const packageFile = resolve('tap/package.json')
  const { bin } = JSON.parse(readFileSync(packageFile, 'utf8')) as { bin: { tap: string } }
  mkdirSync(dirname(OUTPUT), { recursive: true })
  const args = [
    join(dirname(packageFile), bin.tap),
    `--output-file=${OUTPUT}`,
    ...COMPILER,
    ...process.argv.slice(2),
  ]
  const tap = spawn(process.execPath, args, { stdio: 'inherit', env })
  // Ctrl-C also reaches tap. The databases are removed after it has ended.
  process.on('SIGINT', () => {}).on('SIGTERM', () => tap.kill())
  const [code] = await once(tap, 'exit')
  return code ?? 1
}
