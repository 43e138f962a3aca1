import type { Sql } from 'postgres'
import { isReadOnly, isServerError } from './errors.js'

export type ConnectionEvents = {
  /** To be called when the connection has gone, */
  onClose: () => void
  /** and when the server is a standby that nobody may believe. */
  onStandby: () => void
}

export type ConnectionOptions = {
  /** A client of one connection. */
  connect: (events: ConnectionEvents) => Sql
  /** How long to wait for an answer. Above what the server allows a statement: only a silent one takes longer. */
  answerMs: number
}

/** Connections are renewed now and then: after a failover some would stay with the old server for ever. */
const MAX_AGE_MS = 30 * 60_000

export class Connection {
  readonly bornAt = Date.now()
  isLost = false
  readonly sql: Sql
  private readonly answerMs: number
  private isStandby = false

  constructor({ connect, answerMs }: ConnectionOptions) {
    this.answerMs = answerMs
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
   * Once lost it refuses everything: the client would run the rest of a transaction on a fresh connection, outside of it.
   * `Infinity` waits for ever, for what the server does not limit either.
   */
  async run<T>(statement: (sql: Sql) => PromiseLike<T>, answerMs = this.answerMs): Promise<T> {
    if (this.isLost) throw connectionError('CONNECTION_CLOSED', 'The database connection was lost.')
    try {
      const answer = statement(this.sql)
      return this.believe(await (answerMs === Number.POSITIVE_INFINITY ? answer : answered(answer, answerMs)))
    } catch (error) {
      this.judge(error)
      throw error
    }
  }

  /**
   * An answer, unless it is a standby's. During a failover connections may lead there before it has taken over, and what was
   * committed may not have arrived there yet.
   */
  believe<T>(answer: T): T {
    if (this.isStandby) throw connectionError('STANDBY', 'The database is a standby that has not taken over.')
    return answer
  }

  /**
   * Only an answer of the server, be it an error, shows that the connection still works; and one that only reads leads to a
   * server that is not the primary, or not any more.
   */
  judge(error: unknown): void {
    if (!isServerError(error) || isReadOnly(error)) this.isLost = true
  }
}

/** A frozen server, or a network that drops every packet, says nothing: TCP itself would wait for minutes. */
export function answered<T>(answer: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(connectionError('QUERY_TIMEOUT', 'The database did not answer in time.')),
      timeoutMs,
    )
    answer.then(
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

export const isUsable = ({ isLost, bornAt }: Connection): boolean =>
  !isLost && Date.now() - bornAt < MAX_AGE_MS

export const connectionError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code })
