import { once } from 'node:events'
import { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

type Place = { host: string; port: number }

/** What the parent process sends for `{ listen: Place }`. */
type Reply = { address: AddressInfo } | { code: string }

/** Longer than a connection that was just handed over needs until its request is read. */
const SILENCE_MS = 500

/**
 * Lets the parent process listen in place of `server`, which then serves the connections that the parent
 * hands over. `npm run dev` keeps its port open this way while the API restarts.
 *
 * @returns the place to pass to `listen`: numbers, also where `wanted` is a name
 * @throws {Error} with the code of the parent's error, such as EADDRINUSE
 */
export async function listenInParent(server: Server, wanted: Place): Promise<Place> {
  process.send?.({ listen: wanted })
  const [reply]: Reply[] = await once(process, 'message')
  if (!reply || !('address' in reply))
    throw Object.assign(new Error('the parent process cannot listen'), { code: reply?.code })
  const { address } = reply
  const open = new Set<Socket>()
  const listen = () => {
    process.on('message', (_message, socket) => serve(server, open, socket as Socket | undefined))
    process.nextTick(() => server.emit('listening'))
    return server
  }
  const close = (done?: () => void) => {
    void allClosed(open).then(() => Server.prototype.close.call(server, done))
    return server
  }
  Object.assign(server, { listen, close, address: () => address })
  Object.defineProperty(server, 'listening', { get: () => true })
  // A client that kept its connection would meet the old process after a change, or its end.
  server.maxRequestsPerSocket = 1
  return { host: address.address, port: address.port }
}

function serve(server: Server, open: Set<Socket>, socket: Socket | undefined): void {
  // Not a connection, or one whose client has left meanwhile.
  if (!socket) return
  open.add(socket)
  socket.once('close', () => open.delete(socket))
  server.emit('connection', socket)
}

/** Waits for the requests in flight, and closes connections without one, which browsers open in advance. */
async function allClosed(open: Set<Socket>): Promise<void> {
  const closeSilent = setTimeout(() => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
  }, SILENCE_MS)
  await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  clearTimeout(closeSilent)
}
