import { once } from 'node:events'
import net from 'node:net'
import { explainListenError, type ListenNames } from '../../src/lib/errors/listen-error.js'

/**
 * Returns `wanted`, or a free port when that is 0, to be used for every restart.
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
