/**
 * A separate program, so that ten thousand sockets take no CPU time
 * from the server. Runs one task per message.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type Task =
  /** Connections that send one request and then stay idle until the next task. */
  | { kind: 'idle'; port: number; connections: number }
  /** Connections that send the next request as soon as they have a response. */
  | { kind: 'flood'; port: number; connections: number; ms: number }
  /** Connections of which half send their headers slowly, and half their bodies. */
  | { kind: 'slow'; port: number; connections: number; ms: number }

export type Idle = { open: number }
export type Flood = { answers: number; shed: number; firstShedMs: number | null }
export type Slow = { closed: number; lastMs: number }

const REQUEST = 'GET /api/v1/me HTTP/1.1\r\nHost: bench\r\n\r\n'
const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n'
const HALF_HEADERS = 'GET /healthz HTTP/1.1\r\nHost: bench\r\nX-Slow: '
const HALF_BODY =
  'POST /api/v1/auth/login HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'

/** More at once would exceed the server's backlog of new connections, which is not measured here. */
const AT_ONCE = 200

let sockets: Socket[] = []

process.on('message', async (task: Task) => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  for (let left = task.connections; left > 0; left -= AT_ONCE) {
    sockets.push(
      ...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, () => open(task.port)))),
    )
  }
  process.send?.(await TASKS[task.kind](task as never))
})

const TASKS = { idle, flood, slow }

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

/** Sends one byte every half second, which must not keep a connection open. */
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
