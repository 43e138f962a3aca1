import { createConnection, type Socket } from 'node:net'
import type { Place, SslSettings } from './parse.js'
import { secure } from './tls.js'

/** A connection to one place that is ready for a driver, with TLS on it where that is wanted. */
export async function openSocket(
  { host, port }: Place,
  ssl: SslSettings,
  timeoutMs: number,
): Promise<Socket> {
  const socket = host.startsWith('/')
    ? createConnection(`${host}/.s.PGSQL.${port}`)
    : createConnection(port, host)
  socket.setNoDelay(true)
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const timer = timeoutMs > 0 ? setTimeout(fail, timeoutMs, timedOut()) : undefined
    const end = () =>
      fail(Object.assign(new Error('The server closed the connection'), { code: 'ECONNRESET' }))
    socket.once('error', fail).once('close', end)
    socket.once('connect', () => {
      secure(socket, host, ssl).then((secured) => {
        clearTimeout(timer)
        socket.off('error', fail).off('close', end)
        resolve(secured)
      }, fail)
    })
  })
}

const timedOut = () =>
  Object.assign(new Error('The server did not answer in time'), { code: 'CONNECT_TIMEOUT' })
