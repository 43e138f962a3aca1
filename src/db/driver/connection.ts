import type { Sql } from 'postgres'
import { isReadOnly, isServerError } from './errors.js'

export type ConnectionEvents = {
  /** Called when the connection is closed. */
  onClose: () => void
  /** Called when the server is a standby, whose rows may be out of date. */
  onStandby: () => void
}

export type ConnectionOptions = {
  /** Creates a client with one connection. */
  connect: (events: ConnectionEvents) => Sql
  /** How long to wait for a result. Must exceed the server's statement timeout. */
  queryTimeoutMs: number
}

/** Connections are replaced at this age. Otherwise some would stay on the old server after a failover. */
const MAX_AGE_MS = 30 * 60_000

/** A connection of the pool. It is used by one caller at a time. */
export class Connection {
  readonly openedAt = Date.now()
  /** True if the connection is closed or must not be used again. */
  isLost = false
  readonly sql: Sql
  private readonly queryTimeoutMs: number
  private isStandby = false

  constructor({ connect, queryTimeoutMs }: ConnectionOptions) {
    this.queryTimeoutMs = queryTimeoutMs
    this.sql = connect({
      onClose: () => {
        this.isLost = true
      },
      onStandby: () => {
        this.isStandby = true
        this.isLost = true
      },
    })
  }

  /**
   * Runs a statement. A lost connection rejects every statement, because the client would run the
   * rest of a transaction on a new connection, outside the transaction.
   * `timeoutMs` defaults to `queryTimeoutMs`. `Infinity` leaves the limit to the server.
   *
   * @throws {Error} `CONNECTION_CLOSED` when the connection is lost, `QUERY_TIMEOUT` when the result
   *   does not arrive in time, `STANDBY` when the server is a standby
   */
  async run<T>(statement: (sql: Sql) => PromiseLike<T>, timeoutMs = this.queryTimeoutMs): Promise<T> {
    if (this.isLost) throw connectionError('CONNECTION_CLOSED', 'The database connection was lost.')
    try {
      const running = statement(this.sql)
      const isUnlimited = timeoutMs === Number.POSITIVE_INFINITY
      return this.rejectStandby(await (isUnlimited ? running : withQueryTimeout(running, timeoutMs)))
    } catch (error) {
      this.handleError(error)
      throw error
    }
  }

  /**
   * Returns the result, unless it comes from a standby. During a failover a connection may reach the
   * standby before its promotion, when it may still lack committed rows.
   * @throws {Error} `STANDBY`
   */
  rejectStandby<T>(result: T): T {
    if (this.isStandby)
      throw connectionError('STANDBY', 'The database is a standby that is not promoted yet.')
    return result
  }

  /**
   * Marks the connection as lost unless the error shows that it still works. It works if the server
   * itself sent the error. After a read-only error it is lost too: that server is not the primary.
   */
  handleError(error: unknown): void {
    if (!isServerError(error) || isReadOnly(error)) this.isLost = true
  }
}

/**
 * Limits the wait for a query result. When a server hangs, or the network drops every packet, TCP
 * would wait for minutes.
 * @throws {Error} `QUERY_TIMEOUT` when the result does not arrive in time
 */
export function withQueryTimeout<T>(query: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(connectionError('QUERY_TIMEOUT', 'The database did not respond in time.')),
      timeoutMs,
    )
    query.then(
      (result) => {
        clearTimeout(timer)
        resolve(result)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/** False for a connection that is lost or older than 30 minutes. */
export const isUsable = ({ isLost, openedAt }: Connection): boolean =>
  !isLost && Date.now() - openedAt < MAX_AGE_MS

/** An error with a code like those of postgres.js. `isUnavailable` recognises them. */
export const connectionError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code })
