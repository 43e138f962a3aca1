/** A program of its own, so that making requests takes no time from what answers them: one window for each message. */
import { type Dispatcher, Pool } from 'undici'

export type Window = {
  origin: string
  path: string
  headers: Record<string, string>
  ms: number
  /** Other than 200. */
  status?: number
  /** As if a proxy passed on the requests of so many, in turn. */
  addresses?: number
}
export type Load = { requests: number; ms: number }

/** As many as the servers have database connections. */
const CONNECTIONS = 10

const pools = new Map<string, Pool>()

process.on('message', async (window: Window) => {
  const pool =
    pools.get(window.origin) ?? new Pool(window.origin, { connections: CONNECTIONS, pipelining: 1 })
  pools.set(window.origin, pool)
  const start = performance.now()
  const client = () => askUntil(start + window.ms, pool, window)
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, client))
  const requests = counts.reduce((sum, count) => sum + count, 0)
  process.send?.({ requests, ms: performance.now() - start } satisfies Load)
})

async function askUntil(end: number, pool: Pool, window: Window): Promise<number> {
  const { path, headers, status = 200, addresses } = window
  let count = 0
  while (performance.now() < end) {
    const forwarded = addresses === undefined ? {} : { 'x-forwarded-for': nextAddress(addresses) }
    await ask(pool, { path, method: 'GET', headers: { ...headers, ...forwarded } }, status)
    count += 1
  }
  return count
}

let asked = 0

function nextAddress(addresses: number): string {
  asked += 1
  const number = asked % addresses
  return `10.0.${number >> 8}.${number & 255}`
}

function ask(pool: Pool, options: Dispatcher.DispatchOptions, wanted: number): Promise<void> {
  return new Promise((resolve, reject) => {
    pool.dispatch(options, {
      onConnect: () => undefined,
      onHeaders: (status) => {
        if (status !== wanted) reject(new Error(`answered ${status}`))
        return true
      },
      onData: () => true,
      onComplete: () => resolve(),
      onError: reject,
    })
  })
}
