import { once } from 'node:events'
import { connect } from 'node:net'
import type { Answer } from './client.js'

/**
 * Writes raw bytes to a local port, chunk by chunk, and reads until the server closes the
 * connection, for requests that no HTTP client would send. Send `Connection: close`, or the server
 * keeps the connection open.
 */
export const exchange = async (port: number, chunks: Iterable<string | Buffer>): Promise<Answer> =>
  parse(await exchangeBytes(port, chunks))

/** As `exchange`, but returns what the server sent as it is. */
export async function exchangeBytes(port: number, chunks: Iterable<string | Buffer>): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  let isOver = false
  socket.on('data', (data) => received.push(data))
  const closed = once(socket, 'close').finally(() => {
    isOver = true
  })
  // A server that has answered may reset the rest of the request; only the answer matters.
  socket.on('error', () => undefined)
  for (const chunk of chunks) {
    if (isOver) break
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), closed])
  }
  await closed
  return Buffer.concat(received).toString()
}

function parse(response: string): Answer {
  const [head = '', ...rest] = response.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const text = rest.join('\r\n\r\n')
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: /^[{[]/.test(text) ? JSON.parse(text) : undefined,
    text,
  }
}
