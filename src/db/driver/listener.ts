import { Client } from 'pg'
import { nodePostgresConfig } from '../../lib/database-url/index.js'
import { refuseTransactionPooler } from './pooler.js'

type ListenerOptions = {
  url: string
  channel: string
  onMessage: (payload: string) => void
  /** After each connection: what was announced before it has to be read from the tables. */
  onConnected: () => Promise<void>
  onError: (error: unknown) => void
}

export type Listener = {
  isListening: () => boolean
  /** Resolves true once everything announced before the call has been heard; false when nothing can be heard now. */
  settle: () => Promise<boolean>
  close: () => Promise<void>
}

/** Together below one second: a connection that silently died is found out before anybody may rely on it. */
const HEARTBEAT_INTERVAL_MS = 400
const HEARTBEAT_TIMEOUT_MS = 400
/** Nobody relies on a connection yet while it is opened. */
const CONNECT_TIMEOUT_MS = 3_000

const HEARTBEAT = { text: 'select 1', query_timeout: HEARTBEAT_TIMEOUT_MS }

/** Hears NOTIFY on a connection of its own, and knows when it does not. It reconnects for as long as it is open. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { url, channel, onMessage, onConnected, onError } = options
  let client: Client | undefined
  let isClosed = false

  const drop = (broken: Client, error?: unknown) => {
    if (client !== broken) return
    client = undefined
    if (error && !isClosed) onError(error)
    broken.end().catch(() => undefined)
  }

  const connect = async () => {
    const fresh = new Client({
      application_name: `groundwork listener ${channel}`,
      ...nodePostgresConfig(url, CONNECT_TIMEOUT_MS),
      query_timeout: CONNECT_TIMEOUT_MS,
    })
    fresh.on('error', (error) => drop(fresh, error))
    fresh.on('notification', ({ payload }) => onMessage(payload ?? ''))
    try {
      await fresh.connect()
      await fresh.query(`listen ${fresh.escapeIdentifier(channel)}`)
      // Only now may others rely on it: nothing can be missed between the table's state and the announcements.
      await onConnected()
      if (isClosed) throw new Error('The listener was closed')
      client = fresh
    } catch (error) {
      fresh.end().catch(() => undefined)
      throw error
    }
  }

  /** The server sends pending notifications before it answers a query: the answer says that all have been heard. */
  const settle = async (): Promise<boolean> => {
    const current = client
    if (!current) return false
    try {
      await current.query(HEARTBEAT)
      return client === current
    } catch (error) {
      drop(current, error)
      return false
    }
  }

  const beat = async () => {
    if (isClosed) return
    if (client) await settle()
    else await connect().catch(() => undefined)
    if (!isClosed) timer = setTimeout(beat, HEARTBEAT_INTERVAL_MS).unref()
  }

  await refuseTransactionPooler({ url, timeoutMs: CONNECT_TIMEOUT_MS }, 'LISTEN hears nothing')
  await connect()
  let timer = setTimeout(beat, HEARTBEAT_INTERVAL_MS).unref()

  const close = async () => {
    isClosed = true
    clearTimeout(timer)
    await client?.end().catch(() => undefined)
    client = undefined
  }
  return { isListening: () => client !== undefined, settle, close }
}
