import postgres from 'postgres'
import { MigrationError } from './error.js'
import { type HalfWay, recordProgress } from './ledger.js'
import { firstLine, type Script } from './script.js'

/**
 * Runs a file and records it in one transaction.
 * @throws {MigrationError} when a statement fails; nothing of the file is kept
 */
export async function runInTransaction(
  sql: postgres.Sql,
  script: Script,
  record: (tx: postgres.TransactionSql) => Promise<void>,
): Promise<void> {
  let position = 'before its first statement'
  try {
    await sql.begin(async (tx) => {
      // The row comes first: its key stops a second runner even if the advisory lock was lost.
      await record(tx)
      for (const [index, statement] of script.statements.entries()) {
        position = describePosition(script, index)
        await tx.unsafe(statement)
      }
      position = 'at its commit'
    })
  } catch (error) {
    throw new MigrationError(
      `${script.file} failed ${position}: ${reasonOf(error)}\nNothing of this file was kept.`,
    )
  }
}

/**
 * Runs a file statement by statement and records its progress.
 * @throws {MigrationError} when a statement fails; the earlier ones stay in effect
 */
export async function runWithoutTransaction(sql: postgres.Sql, script: Script, row: HalfWay): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for all older transactions, which may exceed any lock timeout.
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

/** Explains how to resolve a file that stopped half-way. Only the operator can decide which way. */
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
  // The hint explains errors such as the use of a new enum value in the transaction that adds it.
  if (error instanceof postgres.PostgresError && error.hint) return `${error.message} (${error.hint})`
  return error instanceof Error ? error.message : String(error)
}
