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
  /** Writes an empty pair for hand-written SQL; a change of the schema is left to the next migration. */
  custom?: boolean
}

/**
 * Writes the next migration in both directions, with its snapshot, or several where one transaction cannot do it all. Returns
 * their names; none where the schema is what the newest snapshot says.
 * @throws MigrationError if the name is not one, or if something may have been renamed and there is no terminal.
 */
export async function generate(options: GenerateOptions): Promise<string[]> {
  const { schema, folder, name, custom = false } = options
  if (!/^[a-z0-9_]+$/.test(name)) throw new MigrationError(`the name ${name} has more than a-z, 0-9 and _`)
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
    // Swapped, the same two snapshots give the way back.
    const [up, down] = [await diff(before, after), await diff(after, before)]
    if (up.length === 0) for (const script of [up, down]) script.push(ONLY_DECLARATIONS)
    const number = numberAfter(newest + names.length)
    names.push(await write({ folder, number, name: `${name}${suffix}`, up, down, snapshot: after }))
    before = after
  }
  return names
}

const ONLY_DECLARATIONS =
  '-- How tables are audited has changed, which db:upgrade makes the triggers follow.\nSELECT 1;'

const numberAfter = (number: number): string => String(number + 1).padStart(4, '0')

/** Which number comes next, and what it starts from. */
async function findPlace(folder: string): Promise<{ newest: number; previous: DrizzleSnapshotJSON }> {
  await mkdir(join(folder, 'meta'), { recursive: true })
  const newest = (await listMigrations(folder)).at(-1)?.slice(0, 4) ?? '0000'
  const last = (await readSnapshots(folder)).at(-1)
  if (last !== undefined && last.number > newest) {
    throw new MigrationError(
      `meta/${last.number}_snapshot.json is left of a migration that is gone: remove it`,
    )
  }
  return { newest: Number(newest), previous: last?.snapshot ?? emptySnapshot() }
}

/** What goes by a type that is made anew is taken away before and put back after. */
async function diff(from: Snapshot, to: Snapshot): Promise<string[]> {
  const lost = findLostValues(from, to)
  if (lost.size === 0) return diffOf(from, to)
  const [bareFrom, bareTo] = [withoutDependents(from, lost), withoutDependents(to, lost)]
  const values = [...lost.values()].flat().join(', ')
  return [
    ...(await diffOf(from, bareFrom)),
    `-- Fails, and changes nothing, where a row has a value that is taken away (${values}): say here what becomes of it.\nSELECT 1;`,
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
    return '-- SQL by hand, with a breakpoint between statements as in the other files.\n'
  const script = `${statements.map((statement) => statement.trim()).join('\n--> statement-breakpoint\n')}\n`
  return statements.some((statement) => statement.includes('INDEX CONCURRENTLY'))
    ? `-- no-transaction: CONCURRENTLY\n${script}`
    : script
}
