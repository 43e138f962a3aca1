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

/** A role or password that one server refuses, no other one is asked with: as libpq does. */
const IS_REFUSAL = /^28/

/**
 * A connection to the first host that can be reached and is what `target_session_attrs` asks for. What a server is it says
 * only to whoever has signed in: where that matters it is asked on a connection of its own.
 */
export async function openTarget(target: DatabaseTarget, timeoutMs: number): Promise<Socket> {
  const { places, session, ssl } = target
  let failure = new Error(`No host of DATABASE_URL is ${session}`)
  for (const place of places) {
    try {
      if (places.length === 1 && session === 'any') return await openSocket(place, ssl, timeoutMs)
      if (IS_ACCEPTED[session](await ask(target, place, timeoutMs)))
        return await openSocket(place, ssl, timeoutMs)
      failure = Object.assign(new Error(`${describePlace(place)} is not ${session}`), { code: 'STANDBY' })
    } catch (error) {
      failure = error as Error
      if (error instanceof postgres.PostgresError && IS_REFUSAL.test(error.code)) break
    }
  }
  if (session === 'prefer-standby') return openTarget({ ...target, session: 'any' }, timeoutMs)
  throw failure
}

async function ask(target: DatabaseTarget, place: Place, timeoutMs: number): Promise<State> {
  const { user, password, database, ssl, options } = target
  const sql = postgres({
    ...{ host: place.host, port: place.port, user, database, max: 1, fetch_types: false },
    ...(password !== undefined && { password }),
    onnotice: () => undefined,
    // Without a limit here, for the socket has its own; the answer may take as long again.
    connect_timeout: timeoutMs / 1000,
    socket: () => openSocket(place, ssl, timeoutMs),
    connection: { ...(options !== undefined && { options }) },
  } as postgres.Options<Record<string, never>>)
  try {
    const [state] = await sql<State[]>`
      select pg_is_in_recovery() as "isStandby", current_setting('transaction_read_only') = 'on' as "isReadOnly"`
    if (!state) throw new Error('The server says nothing of itself')
    return state
  } finally {
    await sql.end({ timeout: 0 })
  }
}
