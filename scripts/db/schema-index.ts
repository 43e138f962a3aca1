import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const FOLDER = new URL('../../src/db/schema/', import.meta.url)
const INDEX = new URL('index.ts', FOLDER)

const HEAD = `/**
 * Every table, enum and view that drizzle manages. \`npm run db:generate\` writes this list and compares it
 * with the newest snapshot.
 */
`

/**
 * Writes `src/db/schema/index.ts`, which exports every file beside it
 * that declares a table, an enum or a view.
 */
export function writeSchemaIndex(): void {
  const index = expectedIndex()
  if (index !== readFileSync(INDEX, 'utf8')) writeFileSync(INDEX, index)
}

/** Returns one line for `db:check` when the list is out of date. */
export const checkSchemaIndex = (): string[] =>
  expectedIndex() === readFileSync(INDEX, 'utf8')
    ? []
    : ['src/db/schema/index.ts does not list every file beside it: run npm run db:generate']

function expectedIndex(): string {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts') && name !== 'index.ts')
  const declaring = files.filter((name) =>
    /\bpg(Table|Enum|View|MaterializedView|Schema|Sequence)\(/.test(
      readFileSync(new URL(name, FOLDER), 'utf8'),
    ),
  )
  return (
    HEAD +
    declaring
      .sort()
      .map((name) => `export * from './${name.replace(/\.ts$/, '.js')}'\n`)
      .join('')
  )
}
