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
export async function generate(options: GenerateOptions): Promise<string | undefined> {
  const { schema, folder, name, custom = false } = options
  if (!/^[a-z0-9_]+$/.test(name)) throw new MigrationError(`the name ${name} has more than a-z, 0-9 and _`)
  const { number, previous } = await findPlace(folder)
  const snapshot = takeSnapshot(schema, previous)
  const script = { folder, number, name }
  if (custom) {
    const { id, prevId } = snapshot
    return write({ ...script, up: [], down: [], snapshot: { ...previous, id, prevId } })
  }
  if (findDifferences(previous, snapshot).length === 0) return undefined
  // Swapped, the same two snapshots give the way back.
  const [up, down] = [await diff(previous, snapshot), await diff(snapshot, previous)]
  return write({ ...script, up, down, snapshot })
}

/** Which number comes next, and what it starts from. */
async function findPlace(folder: string): Promise<{ number: string; previous: DrizzleSnapshotJSON }> {
  await mkdir(join(folder, 'meta'), { recursive: true })
  const newest = (await listMigrations(folder)).at(-1)?.slice(0, 4) ?? '0000'
  const last = (await readSnapshots(folder)).at(-1)
  if (last !== undefined && last.number > newest) {
    throw new MigrationError(
      `meta/${last.number}_snapshot.json is left of a migration that is gone: remove it`,
    )
  }
  const number = String(Number(newest) + 1).padStart(4, '0')
  return { number, previous: last?.snapshot ?? emptySnapshot() }
}

async function diff(from: DrizzleSnapshotJSON, to: DrizzleSnapshotJSON): Promise<string[]> {
  try {
    return withForce(await generateMigration(from, to))
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('TTY'))) throw error
    throw new MigrationError(
      'something is gone and something is new, which may be a rename: run this in a terminal, where it asks (once for each direction), or write it by hand with --custom',
    )
  }
}

const ROW_SECURITY = /^ALTER TABLE (\S+) (ENABLE|DISABLE) ROW LEVEL SECURITY;$/

/**
 * Where one role does everything, it owns the tables, and sees every row unless row-level security is forced. At the end: a
 * foreign key that is added finds no rows while there is no policy yet.
 */
function withForce(statements: string[]): string[] {
  const say = (statement: string, when: string, force: string): string[] => {
    const [, table, way] = ROW_SECURITY.exec(statement.trim()) ?? []
    return way === when ? [`ALTER TABLE ${table} ${force} ROW LEVEL SECURITY;`] : []
  }
  return [
    ...statements.flatMap((statement) => [statement, ...say(statement, 'DISABLE', 'NO FORCE')]),
    ...statements.flatMap((statement) => say(statement, 'ENABLE', 'FORCE')),
  ]
}

type Files = {
  folder: string
  number: string
  name: string
  up: string[]
  down: string[]
  snapshot: DrizzleSnapshotJSON
}

async function write({ folder, number, name, up, down, snapshot }: Files): Promise<string> {
  const migration = `${number}_${name}`
  await writeFile(join(folder, `${migration}.sql`), toScript(up))
  await writeFile(join(folder, `${migration}.down.sql`), toScript(down))
  await writeFile(join(folder, 'meta', `${number}_snapshot.json`), `${JSON.stringify(snapshot, null, 2)}\n`)
  return migration
}

function toScript(statements: string[]): string {
  if (statements.length === 0)
    return '-- SQL by hand, with a breakpoint between statements as in the other files.\n'
  return `${statements.map((statement) => statement.trim()).join('\n--> statement-breakpoint\n')}\n`
}
