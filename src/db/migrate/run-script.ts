import postgres from 'postgres'
import { MigrationError } from './error.js'
import { type HalfWay, recordProgress } from './ledger.js'
import { firstLine, type Script } from './script.js'

/** Runs a file in one transaction with its bookkeeping: either both happened, or neither. */
export async function runInTransaction(
  sql: postgres.Sql,
  script: Script,
  record: (tx: postgres.TransactionSql) => Promise<void>,
): Promise<void> {
  let at = 'before its first statement'
  try {
    await sql.begin(async (tx) => {
      // First, so that the row's key keeps a second runner out even if the advisory lock was lost on the way.
      await record(tx)
      for (const [index, statement] of script.statements.entries()) {
        at = describePosition(script, index)
        await tx.unsafe(statement)
      }
      at = 'at its commit'
    })
  } catch (error) {
    throw new MigrationError(
      `${script.file} failed ${at}: ${reasonOf(error)}\nNothing of this file was kept.`,
    )
  }
}

/** Runs a file statement by statement, noting how far it came: what has run stays when a later one fails. */
export async function runWithoutTransaction(sql: postgres.Sql, script: Script, row: HalfWay): Promise<void> {
  // Building an index concurrently waits for every older transaction, which may well take longer than a lock.
  await sql.unsafe('set lock_timeout = 0')
  for (const [index, statement] of script.statements.entries()) {
    try {
      await sql.unsafe(statement)
    } catch (error) {
      const failure = `${script.file} failed ${describePosition(script, index)}: ${reasonOf(error)}`
      throw new MigrationError(`${failure}\n${describeHalfWay({ ...row, statementsDone: index })}`)
    }
    await recordProgress(sql, row.name, index + 1)
  }
}

/** Says what to do about a file that stopped half-way: only a person can tell what the database needs. */
export function describeHalfWay({ name, state, statementsDone }: HalfWay): string {
  const applied = `UPDATE drizzle.migrations SET state = 'applied' WHERE name = '${name}';`
  const notApplied = `DELETE FROM drizzle.migrations WHERE name = '${name}';`
  const [finished, undone] = state === 'upgrading' ? [applied, notApplied] : [notApplied, applied]
  return (
    `${name} stopped half-way ${state}, with ${statementsDone} of its statements done (a failed CONCURRENTLY leaves an invalid index).\n` +
    `Finish it by hand, then run: ${finished} Or undo it by hand, then run: ${undone}`
  )
}

function describePosition({ statements }: Script, index: number): string {
  return `at statement ${index + 1} of ${statements.length} (${firstLine(statements[index] ?? '')})`
}

function reasonOf(error: unknown): string {
  // A new value of an enum, for one, cannot be used in its own transaction: the hint says so.
  if (error instanceof postgres.PostgresError && error.hint) return `${error.message} (${error.hint})`
  return error instanceof Error ? error.message : String(error)
}
