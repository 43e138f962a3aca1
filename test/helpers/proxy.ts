import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import type { Test } from 'tap'

export type Proxy = {
  /** The same server, by way of the proxy. */
  url: string
  /** Answers stay where they are, as when a server or a network stops without a word. */
  freeze: () => void
  thaw: () => void
  /** As if the network had forgotten the connections that are open: no answer comes on them any more, and new ones work. */
  forget: () => void
  /** Breaks every connection with a TCP reset. */
  reset: () => void
  /** As `reset`, and nobody is let in until `open`. */
  close: () => Promise<void>
  open: () => Promise<void>
  /** From now on everything takes so long, each way, as to a server on the other side of the world. */
  delay: (ms: number) => void
  /** Where new connections go from now on. */
  leadTo: (url: string) => void
  /** How many connections were opened so far. */
  connections: () => number
}

type Pair = { client: Socket; upstream: Socket; back: Transform }

const stop = ({ upstream }: Pair) => upstream.unpipe().pause()

/** Hands everything on after a while, in order. */
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

/** A network between a client and a server that can fail. */
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
