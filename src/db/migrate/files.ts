import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MigrationError } from './error.js'

export interface Migration {
  /** The file's stem, such as `0005_add_country_code`. */
  name: string
  up: string
  /** SHA-256 of the up file alone: the down file may be fixed after the migration was applied. */
  hash: string
  /** Undefined if there is no down file. */
  down: string | undefined
}

const UP_FILE = /^(\d{4}_[a-z0-9_]+)\.sql$/
const DOWN_FILE = /^(\d{4}_[a-z0-9_]+)\.down\.sql$/

/**
 * The names of the migrations in a folder, oldest first.
 * @throws {MigrationError} when an SQL file has another kind of name: it would never be applied
 */
export async function listMigrations(folder: string): Promise<string[]> {
  return (await listSqlFiles(folder)).flatMap((file) => UP_FILE.exec(file)?.[1] ?? []).sort()
}

/**
 * The migrations of a folder with their text, oldest first.
 * @throws {MigrationError} when the folder cannot be read or holds a misnamed SQL file
 */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const downFiles = new Set((await listSqlFiles(folder)).filter((file) => DOWN_FILE.test(file)))
  const read = async (name: string): Promise<Migration> => {
    const up = await readScript(folder, `${name}.sql`)
    const downFile = `${name}.down.sql`
    const down = downFiles.has(downFile) ? await readScript(folder, downFile) : undefined
    return { name, up, down, hash: createHash('sha256').update(up).digest('hex') }
  }
  return Promise.all((await listMigrations(folder)).map(read))
}

/**
 * Returns the name that a revision (`0003`, or the full name) stands for.
 * @throws {MigrationError} when no name matches, or several do; the message calls them `kind`
 */
export function getByRevision(names: string[], revision: string, kind = 'migration'): string {
  const matches = names.filter((name) => name === revision || name.startsWith(`${revision}_`))
  const [match] = matches
  if (match === undefined) throw new MigrationError(`there is no ${kind} ${revision}`)
  if (matches.length > 1) throw new MigrationError(`${revision} is ambiguous: ${matches.join(', ')}`)
  return match
}

async function listSqlFiles(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new MigrationError(`cannot read the migrations in ${folder} (${error.code})`)
  })
  const sqlFiles = files.filter((file) => file.endsWith('.sql'))
  const misnamed = sqlFiles.find((file) => !UP_FILE.test(file) && !DOWN_FILE.test(file))
  if (misnamed !== undefined) {
    throw new MigrationError(
      `${misnamed} is not named like 0001_name.sql or 0001_name.down.sql (a-z, 0-9, _)`,
    )
  }
  return sqlFiles
}

async function readScript(folder: string, file: string): Promise<string> {
  const text = await readFile(join(folder, file), 'utf8')
  // Line ends from autocrlf, or an editor's byte order mark, do not count as an edit.
  return text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
}
