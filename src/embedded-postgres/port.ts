import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import type { Layout } from './layout.js'

/**
 * Returns the port of the last start, so that connections saved in a database client stay right. If
 * that is in use, or at the first start, a free one.
 */
export async function choosePort(layout: Layout): Promise<number> {
  return (await tryPort(lastPort(layout))) ?? (await tryPort(0)) ?? 0
}

export const rememberPort = (layout: Layout, port: number): void => writeFileSync(layout.port, `${port}\n`)

/** 0, which lets the system choose, unless the file holds a port. */
function lastPort(layout: Layout): number {
  try {
    const port = Number(readFileSync(layout.port, 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0
  } catch {
    return 0
  }
}

/** Returns the port if a server can listen on it. */
async function tryPort(wanted: number): Promise<number | undefined> {
  const server = net.createServer().listen(wanted, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return undefined
  }
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : undefined
}
