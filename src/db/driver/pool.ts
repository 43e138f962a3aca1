// No library serves: when the pool of postgres.js loses a connection within a transaction, its rollback ends
// the process, and the connection never works again (porsager/postgres, issues 1208 and 1216). It also waits
// for a free connection without a limit.
import type { Sql } from 'postgres'
import { ShedCounter } from '../../lib/async/shed-counter.js'
import { WaitQueue } from '../../lib/async/wait-queue.js'
import {
  Connection,
  type ConnectionOptions,
  connectionError,
  isUsable,
  withQueryTimeout,
} from './connection.js'

type PoolOptions = ConnectionOptions & {
  /** The most connections at a time. */
  max: number
  /** How long to wait for a free connection. */
  acquireTimeoutMs: number
}

/** Numbers of connections and callers, for metrics. */
export type PoolState = {
  max: number
  /** Connections that are lent to a caller. */
  used: number
  idle: number
  /** Callers that wait for a connection. */
  waiting: number
  /** Callers that got no connection in time. */
  shed: ShedCounter
}

/** Lends each connection to one caller at a time, and discards it when it breaks. */
export class ConnectionPool {
  private readonly idle: Connection[] = []
  private readonly connections = new Set<Connection>()
  private readonly waiters = new WaitQueue<undefined, Connection>()
  private isClosed = false
  private onEmpty: (() => void) | undefined
  private readonly shed = new ShedCounter()

  constructor(private readonly options: PoolOptions) {}

  get state(): PoolState {
    const { connections, idle, waiters, shed, options } = this
    const used = connections.size - idle.length
    return { max: options.max, used, idle: idle.length, waiting: waiters.size, shed }
  }

  /**
   * Lends a connection to `work` until it settles.
   * @throws {Error} `CONNECT_TIMEOUT` when no connection is free in time, `CONNECTION_ENDED` when the
   *   pool is closed
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.findFree() ?? (await this.waitForConnection())
    try {
      return await work(connection)
    } finally {
      this.release(connection)
    }
  }

  /**
   * Runs a single statement. Most requests run one, so this path avoids every `await` it can.
   * `statement` must reject, never throw: otherwise the connection is not released.
   */
  run<T>(statement: (sql: Sql) => Promise<T>): Promise<T> {
    const connection = this.isClosed ? undefined : this.findFree()
    if (!connection) return this.use((lent) => lent.run(statement))
    return withQueryTimeout(statement(connection.sql), this.options.queryTimeoutMs).then(
      (result) => {
        this.release(connection)
        return connection.rejectStandby(result)
      },
      (error) => {
        connection.handleError(error)
        this.release(connection)
        throw error
      },
    )
  }

  /** Rejects waiting callers and gives those in flight `timeoutMs` to finish. */
  async close(timeoutMs: number): Promise<void> {
    this.isClosed = true
    for (const waiter of this.waiters)
      waiter.refuse(connectionError('CONNECTION_ENDED', 'The database is closing.'))
    await Promise.all(this.idle.splice(0).map((connection) => this.discard(connection)))
    if (this.connections.size > 0) await this.waitUntilEmpty(timeoutMs)
    await Promise.all([...this.connections].map((connection) => this.discard(connection)))
  }

  private waitUntilEmpty(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.onEmpty = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private findFree(): Connection | undefined {
    if (this.isClosed) throw connectionError('CONNECTION_ENDED', 'The database is closed.')
    for (let connection = this.idle.pop(); connection; connection = this.idle.pop()) {
      if (isUsable(connection)) return connection
      this.discard(connection)
    }
    return this.connections.size < this.options.max ? this.open() : undefined
  }

  private open(): Connection {
    const connection = new Connection(this.options)
    this.connections.add(connection)
    return connection
  }

  private waitForConnection(): Promise<Connection> {
    return this.waiters.wait(undefined, this.options.acquireTimeoutMs, () => {
      this.shed.add()
      return connectionError('CONNECT_TIMEOUT', 'No database connection was free in time.')
    })
  }

  private release(connection: Connection): void {
    if (!isUsable(connection) || this.isClosed) this.discard(connection)
    const [waiter] = this.waiters
    const next = this.connections.has(connection) ? connection : waiter && this.open()
    if (!next) return
    if (waiter) waiter.give(next)
    else this.idle.push(next)
  }

  private async discard(connection: Connection): Promise<void> {
    this.connections.delete(connection)
    await connection.sql.end({ timeout: 0 }).catch(() => undefined)
    if (this.connections.size === 0) this.onEmpty?.()
  }
}
