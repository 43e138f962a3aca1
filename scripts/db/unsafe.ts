import type { parseScript } from '../../src/db/migrate/index.js'

type Script = ReturnType<typeof parseScript>

/**
 * The statements that cannot run in a transaction: https://www.postgresql.org/docs/current/sql-commands.html
 */
const FORBIDDEN_IN_TRANSACTION =
  /\b(?:create|drop|reindex)\b[^;']*\bconcurrently\b|\bdetach\s+partition\b[^;']*\bconcurrently\b|(?:^|;)\s*(?:vacuum|alter\s+system|(?:create|drop)\s+(?:database|tablespace))\b/i
const ADDED_VALUE = /\balter\s+type\s+(\S+)\s+add\s+value\s+(?:if\s+not\s+exists\s+)?'((?:[^']|'')+)'[^;]*/gi

/**
 * Finds statements that PostgreSQL would refuse because the whole
 * file runs in one transaction. One line each.
 */
export function findUnsafe({ file, statements, transactional }: Script): string[] {
  if (!transactional) return []
  const text = statements.map(withoutComments).join(';\n')
  const concurrent = statements
    .map(withoutComments)
    .filter((statement) => FORBIDDEN_IN_TRANSACTION.test(statement))
  return [
    ...concurrent.map(
      (statement) =>
        `${file} runs in a transaction, but this statement cannot: ${statement.split('\n', 1)[0]} Put it into a separate file that starts with -- no-transaction`,
    ),
    ...findUsedValues(text).map(
      (value) =>
        `${file} adds ${value} to an enum and uses it before it is committed: use it in the next migration`,
    ),
  ]
}

/** The values of a type that the file itself creates may be used. */
function findUsedValues(text: string): string[] {
  const rest = text.replace(ADDED_VALUE, '')
  const added = [...text.matchAll(ADDED_VALUE)].filter(([, type = '']) => !isCreatedIn(rest, type))
  return added.map(([, , value = '']) => value).filter((value) => rest.includes(`'${value}'`))
}

const isCreatedIn = (text: string, type: string): boolean =>
  text.toLowerCase().replaceAll(/\s+/g, ' ').includes(`create type ${type.toLowerCase()} `)

const withoutComments = (statement: string): string => statement.replaceAll(/^\s*--.*$/gm, '').trim()
