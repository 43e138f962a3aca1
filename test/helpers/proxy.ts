import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import type { Test } from 'tap'

export type Proxy = {
  /** The URL of the server through the proxy. */
  url: string
  /** Holds back all answers, as when a server or a network hangs. */
  freeze: () => void
  thaw: () => void
  /**
   * Drops all answers on open connections, as if the network had lost them. New connections work.
   */
  forget: () => void
  /** Breaks every connection with a TCP reset. */
  reset: () => void
  /** Like `reset`, and refuses new connections until `open`. */
  close: () => Promise<void>
  open: () => Promise<void>
  /** Delays everything by this time, each way, as to a distant server. */
  delay: (ms: number) => void
  /** Sets the target of new connections. */
  leadTo: (url: string) => void
  /** The number of connections opened so far. */
  connections: () => number
}

type Pair = { client: Socket; upstream: Socket; back: Transform }

const stop = ({ upstream }: Pair) => upstream.unpipe().pause()

/** Passes everything on after a delay, in order. */
const lag = (delayMs: () => number) =>
  new Transform({
    transform(chunk, _encoding, done) {
      const ms = delayMs()
      if (ms === 0) return done(null, chunk)
      setTimeout(() => this.push(chunk), ms)
      done()
    },
    flush(done) {
      setTimeout(done, delayMs())
    },
  })

/** Opens a proxy that can fail like a network between a client and a server. */
export async function openProxy(t: Test, targetUrl: string): Promise<Proxy> {
  let target = new URL(targetUrl)
  const pairs = new Set<Pair>()
  let isFrozen = false
  let delayMs = 0
  let count = 0
  const server = createServer((client) => {
    count += 1
    const upstream = createConnection(Number(target.port || 5432), target.hostname)
    const [there, back] = [lag(() => delayMs), lag(() => delayMs)]
    const pair = { client, upstream, back }
    pairs.add(pair)
    client.pipe(there).pipe(upstream)
    upstream.pipe(back).pipe(client)
    if (isFrozen) stop(pair)
    const end = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  const reset = () => {
    for (const { client } of pairs) client.resetAndDestroy()
  }
  const close = async () => {
    const closed = server.listening && once(server, 'close')
    server.close()
    reset()
    await closed
  }
  t.teardown(close)

  const url = new URL(targetUrl)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return {
    url: url.href,
    freeze: () => {
      isFrozen = true
      for (const pair of pairs) stop(pair)
    },
    thaw: () => {
      isFrozen = false
      for (const { upstream, back } of pairs) upstream.pipe(back)
    },
    forget: () => {
      for (const pair of pairs) stop(pair)
    },
    reset,
    close,
    open: async () => {
      await listen(port)
    },
    delay: (ms) => {
      delayMs = ms
    },
    leadTo: (next) => {
      target = new URL(next)
    },
    connections: () => count,
  }
}
