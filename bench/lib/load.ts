/**
 * A separate program, so that sending requests takes no CPU time
 * from the server. Runs one window per message.
 */
import { type Dispatcher, Pool } from 'undici'

export type Target = {
  method: 'GET' | 'PATCH'
  path: string
  /** Each client sends them in turn. */
  bodies?: readonly string[]
}
export type Window = Target & {
  origin: string
  /** The headers that each client sends. Each client has one connection. */
  clients: readonly Record<string, string>[]
  ms: number
  /** The expected status. Default: 200. */
  status?: number
  /** Sends the requests with so many client addresses in turn, as a proxy would. Default: no header. */
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

let requestCount = 0

function nextAddress(addresses: number): string {
  requestCount += 1
  const number = requestCount % addresses
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
