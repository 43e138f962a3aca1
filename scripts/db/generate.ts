import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DrizzleSnapshotJSON, generateMigration } from 'drizzle-kit/api'
import { listMigrations, MigrationError } from '../../src/db/migrate/index.js'
import { emptySnapshot, findDifferences, readSnapshots, type Schema, takeSnapshot } from './snapshots.js'

export interface GenerateOptions {
  schema: Schema
  folder: string
  /** What the migration does, such as `add_country_code`. */
  name: string
  /** Writes an empty pair for hand-written SQL; a change of the schema is left to the next migration. */
  custom?: boolean
}

/**
 * Writes the next migration in both directions, with its snapshot. Answers its name, or undefined where the
 * schema is what the newest snapshot says.
 * @throws MigrationError if the name is not one, or if something may have been renamed and there is no terminal.
 */
export async function generate({
  schema,
  folder,
  name,
  custom = false,
}: GenerateOptions): Promise<string | undefined> {
  if (!/^[a-z0-9_]+$/.test(name)) throw new MigrationError(`the name ${name} has more than a-z, 0-9 and _`)
  const previous = (await readSnapshots(folder)).at(-1)?.snapshot ?? emptySnapshot()
  const changed = takeSnapshot(schema, previous)
  if (!custom && findDifferences(previous, changed).length === 0) return undefined
  // Swapped, the same two snapshots give the way back.
  const up = custom ? [] : await diff(previous, changed)
  const down = custom ? [] : await diff(changed, previous)
  const number = await nextNumber(folder)
  const current = custom ? { ...previous, id: changed.id, prevId: previous.id } : changed
  await mkdir(join(folder, 'meta'), { recursive: true })
  const write = (file: string, text: string) => writeFile(join(folder, file), text, { flag: 'wx' })
  await write(`${number}_${name}.sql`, toScript(up))
  await write(`${number}_${name}.down.sql`, toScript(down))
  await write(`meta/${number}_snapshot.json`, `${JSON.stringify(current, null, 2)}\n`)
  return `${number}_${name}`
}

async function diff(from: DrizzleSnapshotJSON, to: DrizzleSnapshotJSON): Promise<string[]> {
  try {
    return await generateMigration(from, to)
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('TTY'))) throw error
    throw new MigrationError(
      'something is gone and something is new, which may be a rename: run this in a terminal, where it asks (once for each direction), or write it by hand with --custom',
    )
  }
}

async function nextNumber(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const newest = (await listMigrations(folder)).at(-1) ?? '0000'
  return String(Number(newest.slice(0, 4)) + 1).padStart(4, '0')
}

function toScript(statements: string[]): string {
  if (statements.length === 0)
    return '-- Hand-written SQL goes here, with a breakpoint between statements as in the other files.\n'
  return `${statements.map((statement) => statement.trim()).join('\n--> statement-breakpoint\n')}\n`
}
