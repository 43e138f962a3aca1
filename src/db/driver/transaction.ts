import type { Sql } from 'postgres'
import { inSpan, type SpanDescription } from '../../lib/observability/tracing.js'
import type { Connection } from './connection.js'
import { postgresErrorOf } from './errors.js'
import type { ConnectionPool } from './pool.js'

/** Once a statement has failed, PostgreSQL refuses every other with this: it tells nothing of the cause. */
const IN_FAILED_TRANSACTION = '25P02'

/** Where the disk is waited for. */
const COMMIT: SpanDescription = {
  name: 'COMMIT',
  kind: 'client',
  attributes: { 'db.system.name': 'postgresql', 'db.operation.name': 'COMMIT' },
}

/** One connection between BEGIN and COMMIT. */
export class Transaction {
  private failure: unknown
  private hasEnded = false
  private savepoints = 0

  private constructor(private readonly connection: Connection) {}

  /** Commits when `work` is done, rolls back when it throws or has passed over the failure of a statement. */
  static begin<T>(
    pool: ConnectionPool,
    work: (transaction: Transaction) => Promise<T>,
    mode = '',
  ): Promise<T> {
    return pool.use(async (connection) => {
      await connection.run((sql) => sql.unsafe(`begin ${mode}`))
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

  async run<T>(statement: (sql: Sql) => PromiseLike<T>, answerMs?: number): Promise<T> {
    if (this.hasEnded) throw new Error('A statement came after the end of its transaction: await it before')
    try {
      return await this.connection.run(statement, answerMs)
    } catch (error) {
      this.failure ??= error
      throw error
    }
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.savepoints += 1
    const name = `s${this.savepoints}`
    await this.run((sql) => sql.unsafe(`savepoint ${name}`))
    try {
      const result = await work()
      await this.run((sql) => sql.unsafe(`release savepoint ${name}`))
      return result
    } catch (error) {
      await this.run((sql) => sql.unsafe(`rollback to savepoint ${name}`))
      const cause = this.causeOf(error)
      this.failure = undefined
      throw cause
    }
  }

  private async commit(): Promise<void> {
    this.hasEnded = true
    const { command } = await inSpan(COMMIT, () => this.connection.run((sql) => sql.unsafe('commit')))
    // After a failed statement PostgreSQL answers COMMIT with ROLLBACK, and with no error.
    if (command !== 'COMMIT') throw this.failure ?? new Error('The transaction was rolled back')
  }

  private async rollBack(): Promise<void> {
    this.hasEnded = true
    // A lost connection rolls back by itself.
    if (!this.connection.isLost)
      await this.connection.run((sql) => sql.unsafe('rollback')).catch(() => undefined)
  }

  private causeOf(error: unknown): unknown {
    return postgresErrorOf(error)?.code === IN_FAILED_TRANSACTION ? (this.failure ?? error) : error
  }
}
