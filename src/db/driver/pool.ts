import type { Sql } from 'postgres'
import { ShedCounter } from '../../lib/async/shed-counter.js'
import { answered, Connection, type ConnectionOptions, connectionError, isUsable } from './connection.js'

type PoolOptions = ConnectionOptions & {
  max: number
  /** How long to wait for a free connection. */
  waitMs: number
}

export type PoolState = {
  max: number
  used: number
  idle: number
  waiting: number
  /** Who has waited in vain. */
  shed: ShedCounter
}

type Waiter = { give: (connection: Connection) => void; refuse: (error: Error) => void }

/**
 * Lends each connection to one caller at a time, and throws it away when it breaks. postgres.js has a pool of its own; but
 * when a connection is lost within a transaction, its rollback ends the process, and the connection never works again
 * (porsager/postgres, issues 1208 and 1216). It waits for a connection without end, too.
 */
export class ConnectionPool {
  private readonly idle: Connection[] = []
  private readonly connections = new Set<Connection>()
  private readonly waiters = new Set<Waiter>()
  private isClosed = false
  private onEmpty: (() => void) | undefined
  private readonly shed = new ShedCounter()

  constructor(private readonly options: PoolOptions) {}

  get state(): PoolState {
    const { connections, idle, waiters, shed, options } = this
    const used = connections.size - idle.length
    return { max: options.max, used, idle: idle.length, waiting: waiters.size, shed }
  }

  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.findFree() ?? (await this.waitForOne())
    try {
      return await work(connection)
    } finally {
      this.release(connection)
    }
  }

  /**
   * A single statement. Most requests make one: each `await` on its way, and its promises, would be felt.
   * `statement` must reject and never throw, or its connection would stay lent.
   */
  run<T>(statement: (sql: Sql) => Promise<T>): Promise<T> {
    const connection = this.isClosed ? undefined : this.findFree()
    if (!connection) return this.use((lent) => lent.run(statement))
    return answered(statement(connection.sql), this.options.answerMs).then(
      (result) => {
        this.release(connection)
        return connection.believe(result)
      },
      (error) => {
        connection.judge(error)
        this.release(connection)
        throw error
      },
    )
  }

  /** Lets what is running finish, but for no longer than this. */
  async close(timeoutMs: number): Promise<void> {
    this.isClosed = true
    for (const waiter of this.waiters)
      waiter.refuse(connectionError('CONNECTION_ENDED', 'The database is closing.'))
    await Promise.all(this.idle.splice(0).map((connection) => this.discard(connection)))
    if (this.connections.size > 0) await this.emptied(timeoutMs)
    await Promise.all([...this.connections].map((connection) => this.discard(connection)))
  }

  private emptied(timeoutMs: number): Promise<void> {
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

  private waitForOne(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        this.waiters.delete(waiter)
      }
      const waiter: Waiter = {
        give: (connection) => {
          settle()
          resolve(connection)
        },
        refuse: (error) => {
          settle()
          reject(error)
        },
      }
      const timer = setTimeout(() => {
        this.shed.add()
        waiter.refuse(connectionError('CONNECT_TIMEOUT', 'No database connection was free in time.'))
      }, this.options.waitMs)
      this.waiters.add(waiter)
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
