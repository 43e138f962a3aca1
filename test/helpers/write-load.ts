import { randomUUID } from 'node:crypto'
import type { Credentials } from './server.js'

/** A write that the server has acknowledged. */
export type Acknowledged = { requestId: string; table: string; action: string; name?: string }

type Signed = { accessToken: string }

/** The number of renames of each writer between signing in and out. */
const RENAMES = 6

/**
 * Writes as several clients until the server dies, and reports each acknowledged write. Two writers
 * share a user, so that they change the same row.
 */
export async function writeUntilItDies(
  url: string,
  users: readonly Credentials[],
  onAcknowledged: (write: Acknowledged) => void,
): Promise<void> {
  const send = async (method: string, path: string, body?: object, token?: string) => {
    const requestId = randomUUID()
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        'x-request-id': requestId,
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return { requestId, text }
  }

  const writer = async (credentials: Credentials): Promise<never> => {
    for (;;) {
      const { requestId, text } = await send('POST', '/auth/login', credentials)
      onAcknowledged({ requestId, table: 'sessions', action: 'create' })
      const { accessToken } = JSON.parse(text) as Signed
      for (let i = 0; i < RENAMES; i += 1) {
        const name = randomUUID()
        const renamed = await send('PATCH', '/me', { firstName: name }, accessToken)
        onAcknowledged({ requestId: renamed.requestId, table: 'users', action: 'update', name })
      }
      const ended = await send('POST', '/auth/logout', undefined, accessToken)
      onAcknowledged({ requestId: ended.requestId, table: 'sessions', action: 'update' })
    }
  }

  const writers = [...users, ...users].map((user) => writer(user).catch((error: unknown) => error))
  for (const error of await Promise.all(writers)) {
    // fetch throws a TypeError when the connection breaks, which is expected.
    if (!(error instanceof TypeError)) throw error
  }
}
