// No library serves: pg-listen and postgres.js do not say whether they are connected, or what has been
// received.

import { Client } from 'pg'
import { nodePostgresConfig } from '../../lib/database-url/index.js'
import { PRODUCT } from '../../lib/product.js'
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
  const inspection = { url: options.url, timeoutMs: CONNECT_TIMEOUT_MS }
  await refuseTransactionPooler(inspection, 'LISTEN receives nothing')
  const listener = new Listener(options)
  await listener.connect()
  listener.keepConnected()
  return listener
}

export class Listener {
  #client: Client | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(private readonly options: ListenerOptions) {}

  get isListening(): boolean {
    return this.#client !== undefined
  }

  async connect(): Promise<void> {
    const { url, channel, onMessage, onConnected } = this.options
    const fresh = new Client({
      application_name: `${PRODUCT.name} listener ${channel}`,
      ...nodePostgresConfig(url, CONNECT_TIMEOUT_MS),
      query_timeout: CONNECT_TIMEOUT_MS,
    })
    fresh.on('error', (error) => this.#drop(fresh, error))
    fresh.on('notification', ({ payload }) => onMessage(payload ?? ''))
    try {
      await fresh.connect()
      await fresh.query(`listen ${fresh.escapeIdentifier(channel)}`)
      // Only now is nothing missed: the tables are read, and later changes send notifications.
      await onConnected()
      if (this.#isClosed) throw new Error('The listener was closed')
      this.#client = fresh
    } catch (error) {
      fresh.end().catch(() => undefined)
      throw error
    }
  }

  /** Checks the connection at an interval, and replaces it when it is lost. */
  keepConnected(): void {
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#beat(), HEARTBEAT_INTERVAL_MS).unref()
  }

  /**
   * Resolves to true when all notifications sent before the call have been received, to false when
   * the listener is disconnected.
   */
  async settle(): Promise<boolean> {
    const current = this.#client
    if (!current) return false
    try {
      // The server sends pending notifications before a query's result.
      await current.query(HEARTBEAT)
      return this.#client === current
    } catch (error) {
      this.#drop(current, error)
      return false
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => undefined)
    this.#client = undefined
  }

  async #beat(): Promise<void> {
    if (this.#isClosed) return
    if (this.#client) await this.settle()
    else await this.connect().catch(() => undefined)
    this.keepConnected()
  }

  #drop(broken: Client, error: unknown): void {
    if (this.#client !== broken) return
    this.#client = undefined
    if (!this.#isClosed) this.options.onError(error)
    broken.end().catch(() => undefined)
  }
}
