// No library serves: a rollback of postgres.js on a lost connection ends the process (its issues 1208 and
// 1216).
import type { Sql } from 'postgres'
import { inSpan, type SpanDescription } from '../../lib/observability/tracing.js'
import type { Connection } from './connection.js'
import { postgresErrorOf } from './errors.js'
import type { ConnectionPool } from './pool.js'
import { send } from './statement.js'

/** The error of every statement after a failed one. It does not name the cause. */
const IN_FAILED_TRANSACTION = '25P02'

/** COMMIT has its own span because it waits for the disk. */
const COMMIT: SpanDescription = {
  name: 'COMMIT',
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'COMMIT' },
}

/** A connection between BEGIN and COMMIT. */
export class Transaction {
  private failure: unknown
  private hasEnded = false
  private savepoints = 0

  private constructor(private readonly connection: Connection) {}

  /**
   * Commits when `work` resolves. Rolls back when it rejects, and also when it ignored a failed
   * statement. `mode` follows BEGIN, such as `read only`; default: none.
   */
  static begin<T>(
    pool: ConnectionPool,
    work: (transaction: Transaction) => Promise<T>,
    mode = '',
  ): Promise<T> {
    return pool.use(async (connection) => {
      await connection.run((sql) => send(sql, `begin ${mode}`))
      const transaction = new Transaction(connection)
      try {
        const result = await work(transaction)
        await transaction.commit()
        return result
      } catch (error) {
        await transaction.rollBack()
        throw transaction.causeOf(error)
      }
    })
  }

  /** `timeoutMs`: see `Connection.run`. */
  async run<T>(statement: (sql: Sql) => PromiseLike<T>, timeoutMs?: number): Promise<T> {
    if (this.hasEnded) throw new Error('This statement ran after its transaction ended: await it within')
    try {
      return await this.connection.run(statement, timeoutMs)
    } catch (error) {
      this.failure ??= error
      throw error
    }
  }

  /** Runs `work` within a savepoint. Rolls back to it when `work` rejects. */
  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.savepoints += 1
    const name = `s${this.savepoints}`
    await this.run((sql) => send(sql, `savepoint ${name}`))
    try {
      const result = await work()
      await this.run((sql) => send(sql, `release savepoint ${name}`))
      return result
    } catch (error) {
      await this.run((sql) => send(sql, `rollback to savepoint ${name}`))
      const cause = this.causeOf(error)
      this.failure = undefined
      throw cause
    }
  }

  private async commit(): Promise<void> {
    this.hasEnded = true
    const { command } = await inSpan(COMMIT, () => this.connection.run((sql) => send(sql, 'commit')))
    // After a failed statement PostgreSQL turns COMMIT into ROLLBACK, without an error.
    if (command !== 'COMMIT') throw this.failure ?? new Error('The transaction was rolled back')
  }

  private async rollBack(): Promise<void> {
    this.hasEnded = true
    // A lost connection rolls back by itself.
    if (!this.connection.isLost)
      await this.connection.run((sql) => send(sql, 'rollback')).catch(() => undefined)
  }

  private causeOf(error: unknown): unknown {
    return postgresErrorOf(error)?.code === IN_FAILED_TRANSACTION ? (this.failure ?? error) : error
  }
}
