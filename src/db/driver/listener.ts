import { Client } from 'pg'
import { nodePostgresConfig } from '../../lib/database-url/index.js'
import { refuseTransactionPooler } from './pooler.js'

type ListenerOptions = {
  url: string
  channel: string
  onMessage: (payload: string) => void
  /** Called after each connect. Must read the tables: notifications sent while disconnected are lost. */
  onConnected: () => Promise<void>
  /** Called when an established connection fails. */
  onError: (error: unknown) => void
}

export type Listener = {
  isListening: () => boolean
  /**
   * Resolves to true when all notifications sent before the call have been received, to false when
   * the listener is disconnected.
   */
  settle: () => Promise<boolean>
  close: () => Promise<void>
}

/** Together below one second: the most time in which callers may rely on a dead connection. */
const HEARTBEAT_INTERVAL_MS = 400
const HEARTBEAT_TIMEOUT_MS = 400
/** Longer than the heartbeat, because no caller relies on a connection that is still opening. */
const CONNECT_TIMEOUT_MS = 3_000

const HEARTBEAT = { text: 'select 1', query_timeout: HEARTBEAT_TIMEOUT_MS }

/**
 * Receives NOTIFY on a separate connection, and knows when it is disconnected. Reconnects until it is
 * closed.
 * @throws {OperatorError} when `url` leads through a pooler in transaction mode
 */
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
      // Only now is nothing missed: the tables are read, and later changes send notifications.
      await onConnected()
      if (isClosed) throw new Error('The listener was closed')
      client = fresh
    } catch (error) {
      fresh.end().catch(() => undefined)
      throw error
    }
  }

  /** The server sends pending notifications before a query's result. */
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

  await refuseTransactionPooler({ url, timeoutMs: CONNECT_TIMEOUT_MS }, 'LISTEN receives nothing')
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
