import { once } from 'node:events'
import net from 'node:net'
import { explainListenError, type ListenNames } from '../../src/lib/errors/listen-error.js'

/**
 * Checks that a port can be listened on. Returns it, or a free one when `wanted` is 0.
 *
 * @param names the settings that an error mentions; by default HOST and PORT
 * @throws {OperatorError} when the port cannot be listened on
 */
export async function findPort(host: string, wanted: number, names?: ListenNames): Promise<number> {
  const server = net.createServer().listen({ host, port: wanted })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw explainListenError(error, host, wanted, names)
  }
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : wanted
}
