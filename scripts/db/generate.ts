import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DrizzleSnapshotJSON, generateMigration } from 'drizzle-kit/api'
import { listMigrations, MigrationError } from '../../src/db/migrate/index.js'
import { findLostValues, withoutDependents } from './recreated-enums.js'
import {
  asStored,
  emptySnapshot,
  readSnapshots,
  type Schema,
  type Snapshot,
  takeSnapshot,
  withDeclarations,
} from './snapshots.js'
import { stagesBetween } from './stages.js'

export interface GenerateOptions {
  schema: Schema
  folder: string
  /** What the migration does, such as `add_country_code`. */
  name: string
  /**
   * Writes an empty pair for hand-written SQL, and leaves changes of the
   * schema to the next migration. Default: false.
   */
  custom?: boolean
}

/**
 * Writes the next migration in both directions, with its snapshot. Writes several when one transaction is not
 * enough. Returns their names, or none when the schema equals the newest snapshot.
 *
 * @throws {MigrationError} when the name has other characters than a-z, 0-9 and _, or when something may have
 * been renamed and there is no terminal to ask in
 */
export async function generate(options: GenerateOptions): Promise<string[]> {
  const { schema, folder, name, custom = false } = options
  if (!/^[a-z0-9_]+$/.test(name)) throw new MigrationError(`the name ${name} must have only a-z, 0-9 and _`)
  const { newest, previous } = await findPlace(folder)
  const snapshot = takeSnapshot(schema, previous)
  if (custom) {
    const { id, prevId } = snapshot
    const files = { up: [], down: [], snapshot: { ...previous, id, prevId } }
    return [await write({ folder, number: numberAfter(newest), name, ...files })]
  }
  const names: string[] = []
  let before = withDeclarations(asStored(previous), snapshot)
  for (const { suffix, snapshot: after } of stagesBetween(before, asStored(snapshot))) {
    // The same two snapshots in reverse order give the way down.
    const [up, down] = [await diff(before, after), await diff(after, before)]
    if (up.length === 0) for (const script of [up, down]) script.push(ONLY_DECLARATIONS)
    const number = numberAfter(newest + names.length)
    names.push(await write({ folder, number, name: `${name}${suffix}`, up, down, snapshot: after }))
    before = after
  }
  return names
}

const ONLY_DECLARATIONS =
  '-- Only the audit of tables has changed: db:upgrade updates the triggers.\nSELECT 1;'

const numberAfter = (number: number): string => String(number + 1).padStart(4, '0')

/** Finds the newest migration's number and the snapshot that the next one starts from. */
async function findPlace(folder: string): Promise<{ newest: number; previous: DrizzleSnapshotJSON }> {
  await mkdir(join(folder, 'meta'), { recursive: true })
  const newest = (await listMigrations(folder)).at(-1)?.slice(0, 4) ?? '0000'
  const last = (await readSnapshots(folder)).at(-1)
  if (last !== undefined && last.number > newest) {
    throw new MigrationError(
      `meta/${last.number}_snapshot.json belongs to a migration that was deleted: remove it`,
    )
  }
  return { newest: Number(newest), previous: last?.snapshot ?? emptySnapshot() }
}

/**
 * When an enum loses values, its type is recreated: objects that depend
 * on it are dropped before and created after.
 */
async function diff(from: Snapshot, to: Snapshot): Promise<string[]> {
  const lost = findLostValues(from, to)
  if (lost.size === 0) return diffOf(from, to)
  const [bareFrom, bareTo] = [withoutDependents(from, lost), withoutDependents(to, lost)]
  const values = [...lost.values()].flat().join(', ')
  return [
    ...(await diffOf(from, bareFrom)),
    `-- Fails and changes nothing while rows have a removed value (${values}): update those rows here.\nSELECT 1;`,
    ...(await diffOf(bareFrom, bareTo)),
    ...(await diffOf(bareTo, to)),
  ]
}

async function diffOf(from: Snapshot, to: Snapshot): Promise<string[]> {
  try {
    return withForce(await generateMigration(from as DrizzleSnapshotJSON, to as DrizzleSnapshotJSON))
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('TTY'))) throw error
    throw new MigrationError(
      'something was removed and something was added, which may be a rename: run this in a terminal, where it asks (once for each direction), or write the SQL by hand with --custom',
    )
  }
}

const ROW_SECURITY = /^ALTER TABLE (\S+) (ENABLE|DISABLE) ROW LEVEL SECURITY;$/

/**
 * Forces row-level security: a deployment with a single role owns the tables, and would otherwise see every
 * row. Forced at the end, because a new foreign key finds no rows before the policies exist.
 */
function withForce(statements: string[]): string[] {
  const forceAfter = (statement: string, change: 'ENABLE' | 'DISABLE', force: string): string[] => {
    const [, table, made] = ROW_SECURITY.exec(statement.trim()) ?? []
    return made === change ? [`ALTER TABLE ${table} ${force} ROW LEVEL SECURITY;`] : []
  }
  return [
    ...statements.flatMap((statement) => [statement, ...forceAfter(statement, 'DISABLE', 'NO FORCE')]),
    ...statements.flatMap((statement) => forceAfter(statement, 'ENABLE', 'FORCE')),
  ]
}

type Files = {
  folder: string
  number: string
  name: string
  up: string[]
  down: string[]
  snapshot: DrizzleSnapshotJSON | Snapshot
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
    return '-- Write the SQL here, with a breakpoint between statements as in the other files.\n'
  const script = `${statements.map((statement) => statement.trim()).join('\n--> statement-breakpoint\n')}\n`
  return statements.some((statement) => statement.includes('INDEX CONCURRENTLY'))
    ? `-- no-transaction: CONCURRENTLY\n${script}`
    : script
}
