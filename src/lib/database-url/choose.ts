import type { Socket } from 'node:net'
import postgres from 'postgres'
import { type DatabaseTarget, describePlace, type Place, type TargetSession } from './parse.js'
import { openSocket } from './socket.js'

type State = { isStandby: boolean; isReadOnly: boolean }

const IS_ACCEPTED: Record<TargetSession, (state: State) => boolean> = {
  any: () => true,
  'read-write': ({ isReadOnly }) => !isReadOnly,
  'read-only': ({ isReadOnly }) => isReadOnly,
  primary: ({ isStandby }) => !isStandby,
  standby: ({ isStandby }) => isStandby,
  'prefer-standby': ({ isStandby }) => isStandby,
}

/** When a server refuses the role or password (class 28), no other host is tried. libpq does the same. */
const INVALID_AUTHORIZATION = /^28/

/**
 * Connects to the first reachable host that `target_session_attrs` accepts. A server reports its state only
 * after authentication, so each host is first queried on a separate connection when the state matters.
 * `timeoutMs` applies to each attempt; 0 means no limit.
 * @throws {Error} when no host qualifies: the failure of the last host that was tried
 */
export async function openTarget(target: DatabaseTarget, timeoutMs: number): Promise<Socket> {
  const { places, session, ssl } = target
  let failure = new Error(`No host of DATABASE_URL is ${session}`)
  for (const place of places) {
    try {
      if (places.length === 1 && session === 'any') return await openSocket(place, ssl, timeoutMs)
      if (IS_ACCEPTED[session](await readState(target, place, timeoutMs)))
        return await openSocket(place, ssl, timeoutMs)
      failure = Object.assign(new Error(`${describePlace(place)} is not ${session}`), { code: 'STANDBY' })
    } catch (error) {
      failure = error as Error
      if (error instanceof postgres.PostgresError && INVALID_AUTHORIZATION.test(error.code)) break
    }
  }
  if (session === 'prefer-standby') return openTarget({ ...target, session: 'any' }, timeoutMs)
  throw failure
}

async function readState(target: DatabaseTarget, place: Place, timeoutMs: number): Promise<State> {
  const { user, password, database, ssl, options } = target
  const sql = postgres({
    ...{ host: place.host, port: place.port, user, database, max: 1, fetch_types: false },
    ...(password !== undefined && { password }),
    onnotice: () => undefined,
    // The socket has its own timeout; this one lets the response take as long again.
    connect_timeout: timeoutMs / 1000,
    socket: () => openSocket(place, ssl, timeoutMs),
    connection: { ...(options !== undefined && { options }) },
  } as postgres.Options<Record<string, never>>)
  try {
    const [state] = await sql<State[]>`
      select pg_is_in_recovery() as "isStandby", current_setting('transaction_read_only') = 'on' as "isReadOnly"`
    if (!state) throw new Error('The server did not report its state')
    return state
  } finally {
    await sql.end({ timeout: 0 })
  }
}
