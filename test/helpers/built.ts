import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { bundled, type Command } from './bundle.js'
import type { TestDatabase } from './database.js'
import { type StartedProcess, startProcess } from './process.js'

export type BuiltProgram = {
  /** Resolves once the worker waits for jobs. */
  startWorker: (env?: NodeJS.ProcessEnv) => Promise<StartedProcess>
  spawnWorker: (env?: NodeJS.ProcessEnv) => StartedProcess
  spawnServer: (env?: NodeJS.ProcessEnv) => StartedProcess
  startServer: (env?: NodeJS.ProcessEnv) => Promise<StartedProcess & { url: string }>
}

/** The API server and the worker, as often as a test needs them, with the same database and settings. */
export async function buildProgram(
  t: Test,
  database: TestDatabase,
  settings: NodeJS.ProcessEnv,
): Promise<BuiltProgram> {
  const [server, worker] = await Promise.all([bundled('src/server.ts'), bundled('src/worker.ts')])
  const DATA_DIR = mkdtempSync(join(tmpdir(), 'built-data-'))
  t.teardown(() => rmSync(DATA_DIR, { recursive: true, force: true }))

  const own = {
    NODE_ENV: 'test',
    CONFIG_FILE: 'off',
    LOG_FILE_PATH: 'off',
    PORT: '0',
    DATA_DIR,
  }
  const spawn = (command: Command, env: NodeJS.ProcessEnv = {}) =>
    startProcess(t, command, {
      env: { ...own, DATABASE_URL: database.url, ...settings, ...env },
    })
  const spawnWorker = (env?: NodeJS.ProcessEnv) => spawn(worker, env)
  const spawnServer = (env?: NodeJS.ProcessEnv) => spawn(server, env)
  return {
    spawnWorker,
    spawnServer,
    startWorker: async (env) => {
      const worker = spawnWorker(env)
      await worker.says(/waiting for jobs/)
      return worker
    },
    startServer: async (env) => {
      const server = spawnServer(env)
      const [, url = ''] = await server.says(/listening at (http:\/\/[\w.:]+)/)
      return { ...server, url }
    },
  }
}
