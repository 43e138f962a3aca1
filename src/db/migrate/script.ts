import { MigrationError } from './error.js'

export interface Script {
  file: string
  statements: string[]
  /** False if a leading comment is `-- no-transaction`, which CREATE INDEX CONCURRENTLY needs. */
  transactional: boolean
}

const NO_TRANSACTION = /^(?:\s*--[^\n]*\n)*?\s*--\s*no-transaction\b/
const TRANSACTION_CONTROL = /^(begin|start\s+transaction|commit|end|rollback)\b/i

/**
 * Splits a file at drizzle's `--> statement-breakpoint`, not at semicolons, which function bodies
 * contain too.
 * @throws {MigrationError} when a transactional file begins or ends a transaction itself: a COMMIT
 *   would keep the first half of a file that fails later, and the ledger would list it as applied
 */
export function parseScript(file: string, text: string): Script {
  const statements = text.split('--> statement-breakpoint').map((part) => part.trim())
  const script = { file, statements: statements.filter(Boolean), transactional: !NO_TRANSACTION.test(text) }
  const control = script.statements.find((statement) => TRANSACTION_CONTROL.test(withoutComments(statement)))
  if (script.transactional && control !== undefined) {
    throw new MigrationError(
      `${file} says ${firstLine(control)}, but runs in a transaction already: remove it, or start the file with -- no-transaction`,
    )
  }
  return script
}

/** The first line of a statement that is not a comment, cut to 80 characters, for messages. */
export function firstLine(statement: string): string {
  const line = withoutComments(statement).split('\n', 1)[0] ?? ''
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

function withoutComments(statement: string): string {
  return statement.replace(/^(?:\s*--[^\n]*(?:\n|$))+/, '').trim()
}
