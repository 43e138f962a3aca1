import type { parseScript } from '../../src/db/migrate/index.js'

type Script = ReturnType<typeof parseScript>

/** https://www.postgresql.org/docs/current/sql-commands.html: each says that it cannot run in a transaction block. */
const IN_NO_TRANSACTION =
  /\b(?:create|drop|reindex)\b[^;']*\bconcurrently\b|\bdetach\s+partition\b[^;']*\bconcurrently\b|(?:^|;)\s*(?:vacuum|alter\s+system|(?:create|drop)\s+(?:database|tablespace))\b/i
const ADDED_VALUE = /\balter\s+type\s+(\S+)\s+add\s+value\s+(?:if\s+not\s+exists\s+)?'((?:[^']|'')+)'[^;]*/gi

/** What PostgreSQL would refuse of a file that runs in one transaction, although each statement by itself is right. */
export function findUnsafe({ file, statements, transactional }: Script): string[] {
  if (!transactional) return []
  const text = statements.map(withoutComments).join(';\n')
  const concurrent = statements.map(withoutComments).filter((statement) => IN_NO_TRANSACTION.test(statement))
  return [
    ...concurrent.map(
      (statement) =>
        `${file} runs in a transaction, and this cannot: ${statement.split('\n', 1)[0]} Put it into a file of its own that starts with -- no-transaction`,
    ),
    ...findUsedValues(text).map(
      (value) =>
        `${file} adds ${value} to an enum and uses it, which must be committed first: use it in the next migration`,
    ),
  ]
}

/** A type that the file itself makes is not yet seen by others, so its values may be used. */
function findUsedValues(text: string): string[] {
  const rest = text.replace(ADDED_VALUE, '')
  const added = [...text.matchAll(ADDED_VALUE)].filter(([, type = '']) => !isMadeIn(rest, type))
  return added.map(([, , value = '']) => value).filter((value) => rest.includes(`'${value}'`))
}

const isMadeIn = (text: string, type: string): boolean =>
  text.toLowerCase().replaceAll(/\s+/g, ' ').includes(`create type ${type.toLowerCase()} `)

const withoutComments = (statement: string): string => statement.replaceAll(/^\s*--.*$/gm, '').trim()
