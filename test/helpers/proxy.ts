import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export type Proxy = {
  /** The same database, by way of the proxy. */
  url: string
  /** Answers stay where they are, as when a network fails without a word. */
  freeze: () => void
  thaw: () => void
  /** Breaks every connection with a TCP reset. */
  reset: () => void
  /** As `reset`, and nobody is let in any more. */
  close: () => void
}

/** A network between a client and the database that can fail. */
export async function openProxy(t: Test, databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl)
  const clients = new Set<Socket>()
  const servers = new Set<Socket>()
  let isFrozen = false
  const server = createServer((client) => {
    const upstream = createConnection(Number(target.port || 5432), target.hostname)
    clients.add(client)
    servers.add(upstream)
    upstream.pipe(client)
    client.pipe(upstream)
    if (isFrozen) upstream.unpipe(client).pause()
    const end = () => {
      client.destroy()
      upstream.destroy()
      clients.delete(client)
      servers.delete(upstream)
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    upstream.on('thaw', () => upstream.pipe(client))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reset = () => {
    for (const client of clients) client.resetAndDestroy()
  }
  const close = () => {
    server.close()
    reset()
  }
  t.teardown(close)

  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    freeze: () => {
      isFrozen = true
      for (const upstream of servers) upstream.unpipe().pause()
    },
    thaw: () => {
      isFrozen = false
      for (const upstream of servers) upstream.emit('thaw')
    },
    reset,
    close,
  }
}
