/**
 * Counts the bytes of a `GET /me` that survive into V8's old space, which only a major garbage collection
 * empties. Closures that a constructor assigns to its properties land there at once, and keep the whole request:
 * 3.6 kB each with the queries of postgres.js.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBenchDatabase } from './audit/database.js'
import { createAccounts, signIn } from './lib/accounts.js'
import { nextMessage, start, stop } from './lib/child.js'
import { report } from './lib/figures.js'
import type { Load, Window } from './lib/load.js'
import { oursEnv } from './lib/programs.js'

const WARM_UP_WINDOWS = 8
const WINDOWS = 4
const WINDOW_MS = 1000

const database = await openBenchDatabase()
const folder = mkdtempSync(join(tmpdir(), 'groundwork-bench-'))
const load = start(['--import', 'tsx', 'bench/lib/load.ts'])
const server = start(['--trace-gc', 'dist/server.js'], oursEnv(database.appUrl, folder), 'pipe')
let trace = ''
server.stdout?.on('data', (chunk) => {
  trace += chunk
})
try {
  const { ready: origin } = await nextMessage<{ ready: string }>(server)
  const clients = await signIn(origin, await createAccounts(database.ownerUrl, 'user'))
  const measure = async (windows: number): Promise<number> => {
    let sent = 0
    for (let i = 0; i < windows; i += 1) {
      load.send({ method: 'GET', path: '/api/v1/me', origin, clients, ms: WINDOW_MS } satisfies Window)
      sent += (await nextMessage<Load>(load)).requests
    }
    return sent
  }
  await measure(WARM_UP_WINDOWS)
  trace = ''
  const requests = await measure(WINDOWS)
  console.log(`GET /me, Node ${process.version}, ${requests} requests`)
  report('promoted', promotedBytes(trace) / requests)
} finally {
  await stop(server)
  await stop(load)
  await database.close()
  rmSync(folder, { recursive: true })
}

/** How much the heap has grown from the end of one minor collection to the end of the next. */
function promotedBytes(lines: string): number {
  const left = [...lines.matchAll(/Scavenge [\d.]+ \([\d.]+\) -> ([\d.]+)/g)].map(([, megabytes]) =>
    Number(megabytes),
  )
  const growth = left.slice(1).map((after, i) => Math.max(0, after - (left[i] ?? after)))
  return growth.reduce((sum, megabytes) => sum + megabytes, 0) * 1_048_576
}
