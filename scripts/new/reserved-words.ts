import { runInNewContext } from 'node:vm'
import { ts } from 'ts-morph'

/** PostgreSQL 18, appendix C: words that name no table or column without quotes. */
const RESERVED_IN_SQL = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between binary both case cast check ' +
    'collate collation column concurrently constraint create cross current_catalog current_date current_role ' +
    'current_schema current_time current_timestamp current_user default deferrable desc distinct do else end ' +
    'except exists false fetch for foreign freeze from full grant group having ilike in initially inner intersect ' +
    'into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset ' +
    'on only or order outer overlaps placing primary references returning right select session_user similar some ' +
    'symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when ' +
    'where window with'
  ).split(' '),
)

/** What JavaScript itself defines, such as `Date`, without what Node adds. */
const GLOBALS = new Set<string>(runInNewContext('Object.getOwnPropertyNames(globalThis)'))

export const isReservedInSql = (name: string): boolean => RESERVED_IN_SQL.has(name)

/** Also true for what JavaScript defines, and for names that every object has, such as `constructor`. */
export function isReservedInTypeScript(name: string): boolean {
  const kind = ts.createScanner(ts.ScriptTarget.ESNext, true, undefined, name).scan()
  const isKeyword = kind >= ts.SyntaxKind.FirstReservedWord && kind <= ts.SyntaxKind.LastFutureReservedWord
  return isKeyword || ['await', 'arguments'].includes(name) || GLOBALS.has(name) || name in {}
}
