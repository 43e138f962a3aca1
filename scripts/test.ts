/** The test suite: `npm test`, or `npm test -- test/routes/users.test.ts test/db` for some of it. */
import { parseArgs } from 'node:util'
import { explainExit } from '../src/lib/errors/operator-error.js'
import { openTestDatabases } from './test/databases.js'
import { isPart, selectTestFiles } from './test/files.js'
import { findRelatedTests } from './test/related.js'
import { runTests } from './test/run.js'
import { watchTests } from './test/watch.js'

const OPTIONS = {
  jobs: { type: 'string' },
  slowest: { type: 'string' },
  retry: { type: 'boolean' },
  /** The arguments are changed files, and the tests nearest to them run. */
  related: { type: 'boolean' },
  watch: { type: 'boolean' },
} as const

/** So many are done within the time that a commit may take. */
const MOST_RELATED = 8

try {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true })
  const related = values.related ? findRelatedTests(positionals).filter((path) => !isPart(path)) : undefined
  const files = related?.length === 0 ? [] : selectTestFiles(related?.slice(0, MOST_RELATED) ?? positionals)
  if (files.length > 0) process.exitCode = await run(files, values)
  else console.log('No test is near to these files.')
} catch (error) {
  console.error(explainExit(error))
  process.exitCode = 1
}

async function run(
  files: ReturnType<typeof selectTestFiles>,
  { watch, jobs, slowest, retry }: { watch?: boolean; jobs?: string; slowest?: string; retry?: boolean },
): Promise<number> {
  const { DATABASE_URL, ...env } = process.env
  const { databases, close } = await openTestDatabases(DATABASE_URL)
  const options = {
    env: { ...env, NODE_ENV: 'test', TEST_DATABASES: JSON.stringify(databases) },
    jobs: jobs ? Number(jobs) : undefined,
    slowest: slowest ? Number(slowest) : undefined,
    retry,
  }
  // The processes of the tests end, and then the databases can go.
  process.on('SIGINT', () => {})
  try {
    if (watch) {
      await watchTests((some) => runTests(some, options))
      return 0
    }
    const { passed, failed } = await runTests(files, options)
    return failed === 0 && passed > 0 ? 0 : 1
  } finally {
    await close()
  }
}
