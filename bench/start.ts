/**
 * Measures what the programs cost to start and to keep: CPU time and time until they are ready, modules, memory, and
 * the size of the image. `npm start` and the worker use a database of their own, which is ready. `npm run dev` has
 * its bundled database, in a directory that an earlier start has filled.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBenchDatabase } from './audit/database.js'
import { createAccounts } from './lib/accounts.js'
import { median } from './lib/compare.js'
import { report, roundsOf } from './lib/figures.js'
import { describeImage } from './start/image.js'
import { type MemoryUse, measureMemory } from './start/memory.js'
import { countModules } from './start/modules.js'
import { type ReadyTimes, startDev, startProgram } from './start/programs.js'

const ROUNDS = roundsOf({ usual: 9, quick: 3 })

const database = await openBenchDatabase()
const folder = mkdtempSync(join(tmpdir(), 'bench-start-'))
try {
  const accounts = await createAccounts(database.ownerUrl, 'user')
  console.log(`Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`)
  const options = { url: database.appUrl, folder }
  const times: Record<'server' | 'worker' | 'dev', ReadyTimes[]> = { server: [], worker: [], dev: [] }
  // The first start of each is left out: it fills the caches of the file system.
  for (let i = -1; i < ROUNDS; i += 1) {
    const measured = {
      server: await startProgram('server', options),
      worker: await startProgram('worker', options),
      dev: await startDev(join(folder, 'dev')),
    }
    if (i < 0) continue
    for (const name of ['server', 'worker', 'dev'] as const) times[name].push(measured[name])
  }
  const api = await measureMemory('server', { ...options, accounts })
  const worker = await measureMemory('worker', options)
  const modules = {
    api: await countModules('server', options),
    worker: await countModules('worker', options),
  }
  const image = describeImage()
  reportAll(times, { api, worker }, modules)
  console.table(image)
  report('image', image.all.MiB)
} finally {
  await database.close()
  rmSync(folder, { recursive: true })
}

function reportAll(
  times: Record<'server' | 'worker' | 'dev', ReadyTimes[]>,
  memory: Record<'api' | 'worker', MemoryUse>,
  modules: Record<'api' | 'worker', number>,
): void {
  const middle = (all: ReadyTimes[], figure: keyof ReadyTimes) => median(all.map((each) => each[figure]))
  console.log(`until ready, medians of ${ROUNDS} starts`)
  const lines = Object.entries(times).map(([name, all]) => ({
    program: { server: 'npm start', worker: 'npm run worker', dev: 'npm run dev' }[name],
    'CPU, s': Number(middle(all, 'cpuSeconds').toFixed(2)),
    'time, s': Number(middle(all, 'seconds').toFixed(2)),
  }))
  console.table(lines)
  console.log('memory, MiB (resident; private: without the code of Node, which processes share)')
  console.table(memory)
  report('apiCpu', middle(times.server, 'cpuSeconds'))
  report('workerCpu', middle(times.worker, 'cpuSeconds'))
  report('devCpu', middle(times.dev, 'cpuSeconds'))
  report('apiModules', modules.api)
  report('workerModules', modules.worker)
  report('apiIdle', memory.api.idle)
  report('apiLoad', memory.api['under load'] ?? Number.NaN)
  report('workerIdle', memory.worker.idle)
}
