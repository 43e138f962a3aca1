import { createConnection, type Socket } from 'node:net'
import type { Place, SslSettings } from './parse.js'
import { secure } from './tls.js'

/**
 * Connects to one host, with TLS as `ssl` requires, so that a driver can use the socket at once.
 * `timeoutMs` 0 means no limit.
 * @throws {Error} when the connection fails, TLS fails, or both take longer than `timeoutMs`
 */
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
    const onClose = () =>
      fail(Object.assign(new Error('The server closed the connection'), { code: 'ECONNRESET' }))
    socket.once('error', fail).once('close', onClose)
    socket.once('connect', () => {
      secure(socket, host, ssl).then((secured) => {
        clearTimeout(timer)
        socket.off('error', fail).off('close', onClose)
        resolve(secured)
      }, fail)
    })
  })
}

const timedOut = () =>
  Object.assign(new Error('The server did not respond in time'), { code: 'CONNECT_TIMEOUT' })
