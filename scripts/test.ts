/** The test suite: `npm test`, or `npm test -- test/routes/users.test.ts` for a part of it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { explainExit } from '../src/lib/errors/operator-error.js'
import { countTests } from './test/count.js'
import { openTestDatabases } from './test/databases.js'

/** Of this run alone: two may go on at once, each on a part of the suite. */
const OUTPUT = `.tap/output-${process.pid}.tap`

/**
 * tsx compiles the test files, and keeps what it has compiled: tap's own compiler would be loaded, and compile all of the
 * program again, for each of them. It comes in NODE_OPTIONS, ahead of tap's hooks, so that these can still mock a module.
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
    // Nothing ran, or tap itself failed: that is no success either.
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
  // Ctrl-C reaches tap as well: the databases are removed once it has ended.
  process.on('SIGINT', () => {}).on('SIGTERM', () => tap.kill())
  const [code] = await once(tap, 'exit')
  return code ?? 1
}
