import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
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
  /** Where new connections go from now on. */
  leadTo: (url: string) => void
  /** How many connections were opened so far. */
  connections: () => number
}

type Pair = { client: Socket; upstream: Socket }

const stop = ({ upstream }: Pair) => upstream.unpipe().pause()

/** A network between a client and a server that can fail. */
export async function openProxy(t: Test, targetUrl: string): Promise<Proxy> {
  let target = new URL(targetUrl)
  const pairs = new Set<Pair>()
  let isFrozen = false
  let count = 0
  const server = createServer((client) => {
    count += 1
    const pair = { client, upstream: createConnection(Number(target.port || 5432), target.hostname) }
    pairs.add(pair)
    client.pipe(pair.upstream)
    pair.upstream.pipe(client)
    if (isFrozen) stop(pair)
    const end = () => {
      pairs.delete(pair)
      pair.client.destroy()
      pair.upstream.destroy()
    }
    for (const socket of [pair.client, pair.upstream]) socket.on('error', end).on('close', end)
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
      for (const { client, upstream } of pairs) upstream.pipe(client)
    },
    forget: () => {
      for (const pair of pairs) stop(pair)
    },
    reset,
    close,
    open: async () => {
      await listen(port)
    },
    leadTo: (next) => {
      target = new URL(next)
    },
    connections: () => count,
  }
}
