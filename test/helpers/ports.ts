import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { Test } from 'tap'
import { findPort } from '../../scripts/dev/port.js'

export const findFreePort = (): Promise<number> => findPort('127.0.0.1', 0)

/** Listens on a port until the test ends, so that nothing else can. */
export async function occupyPort(t: Test): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}
