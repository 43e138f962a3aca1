import type { Logger } from 'pino'
import type { Test } from 'tap'
import { buildWorker } from '../../src/worker-app.js'
import { type TestApp, testSigningKeys } from './app.js'

/** Starts a worker for the jobs of an app. It ends with the test. */
export async function startTestWorker(
  t: Test,
  { config, database }: Pick<TestApp, 'config' | 'database'>,
  logger?: Logger,
) {
  const worker = await buildWorker({
    config,
    databaseUrl: database.url,
    directUrl: database.directUrl ?? database.url,
    signingKeys: testSigningKeys,
    auditKey: undefined,
    ...(logger && { logger }),
  })
  t.teardown(() => worker.close())
  await worker.ready()
  return worker
}
