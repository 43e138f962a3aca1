/** A program of its own, so that ten thousand sockets take no time from what answers them: one errand for each message. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type Errand =
  /** Connections that ask once, and are then kept without a word until the next errand. */
  | { kind: 'idle'; port: number; connections: number }
  /** Connections that ask again as soon as they are answered. */
  | { kind: 'flood'; port: number; connections: number; ms: number }
  /** Half of them stay behind with their headers, half with their bodies. */
  | { kind: 'slow'; port: number; connections: number; ms: number }

export type Idle = { open: number }
export type Flood = { answers: number; shed: number; firstShedMs: number | null }
export type Slow = { closed: number; lastMs: number }

const REQUEST = 'GET /api/v1/me HTTP/1.1\r\nHost: bench\r\n\r\n'
const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n'
const HALF_HEADERS = 'GET /healthz HTTP/1.1\r\nHost: bench\r\nX-Slow: '
const HALF_BODY =
  'POST /api/v1/auth/login HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'

/** More at once would fill the server's queue of new connections, which is another limit. */
const AT_ONCE = 200

let sockets: Socket[] = []

process.on('message', async (errand: Errand) => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  for (let left = errand.connections; left > 0; left -= AT_ONCE) {
    sockets.push(
      ...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, () => open(errand.port)))),
    )
  }
  process.send?.(await DO[errand.kind](errand as never))
})

const DO = { idle, flood, slow }

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function idle(): Promise<Idle> {
  for (let i = 0; i < sockets.length; i += AT_ONCE) {
    const some = sockets.slice(i, i + AT_ONCE)
    const answered = some.map((socket) => once(socket, 'data'))
    for (const socket of some) socket.write(HEALTH)
    await Promise.all(answered)
  }
  return { open: sockets.filter((socket) => !socket.destroyed).length }
}

async function flood({ ms }: { ms: number }): Promise<Flood> {
  const startedAt = performance.now()
  const result: Flood = { answers: 0, shed: 0, firstShedMs: null }
  for (const socket of sockets) {
    socket.on('data', (text: string) => {
      const [, status] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? []
      if (status === undefined) return
      result.answers += 1
      if (status === '503') {
        result.shed += 1
        result.firstShedMs ??= performance.now() - startedAt
      }
      socket.write(REQUEST)
    })
    socket.write(REQUEST)
  }
  await new Promise((resolve) => setTimeout(resolve, ms))
  for (const socket of sockets) socket.destroy()
  return result
}

/** A byte each half second keeps no connection alive. */
async function slow({ ms }: { ms: number }): Promise<Slow> {
  const startedAt = performance.now()
  let [closed, lastMs] = [0, 0]
  sockets.forEach((socket, i) => {
    socket.write(i % 2 === 0 ? HALF_HEADERS : HALF_BODY)
    socket.on('close', () => {
      closed += 1
      lastMs = performance.now() - startedAt
    })
  })
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x')
  }, 500)
  while (closed < sockets.length && performance.now() - startedAt < ms) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  clearInterval(drip)
  return { closed, lastMs }
}
