/** A program of its own, so that making requests takes no time from what answers them: one window for each message. */
import { type Dispatcher, Pool } from 'undici'

export type Target = {
  method: 'GET' | 'PATCH'
  path: string
  /** Each client takes them in turn. */
  bodies?: readonly string[]
}
export type Window = Target & {
  origin: string
  /** What each of them sends as headers; a connection each. */
  clients: readonly Record<string, string>[]
  ms: number
  /** Other than 200. */
  status?: number
  /** As if a proxy passed on the requests of so many, in turn. */
  addresses?: number
}
export type Load = { requests: number; ms: number }

const pools = new Map<string, Pool>()

process.on('message', async (window: Window) => {
  const { origin, clients, ms } = window
  const pool = pools.get(origin) ?? new Pool(origin, { connections: clients.length, pipelining: 1 })
  pools.set(origin, pool)
  const start = performance.now()
  const counts = await Promise.all(clients.map((headers) => askUntil(start + ms, pool, window, headers)))
  const requests = counts.reduce((sum, count) => sum + count, 0)
  process.send?.({ requests, ms: performance.now() - start } satisfies Load)
})

async function askUntil(end: number, pool: Pool, window: Window, own: Record<string, string>) {
  const { method, path, bodies = [], status = 200, addresses } = window
  let count = 0
  while (performance.now() < end) {
    const forwarded = addresses === undefined ? {} : { 'x-forwarded-for': nextAddress(addresses) }
    const body = bodies[count % bodies.length] ?? null
    await ask(pool, { method, path, headers: { ...own, ...forwarded }, body }, status)
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
