import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type DrizzleSnapshotJSON, generateDrizzleJson } from 'drizzle-kit/api'
import { argumentsOf } from '../../src/db/audit/triggers.js'
import { auditPolicies } from '../../src/db/declarations/audited.js'
import { MigrationError } from '../../src/db/migrate/index.js'

/** The exports of a module. Only tables, enums, views and the like are used. */
export type Schema = Record<string, unknown>

/** The parts of a snapshot that are used here. drizzle-kit's own type leaves them untyped. */
export type Snapshot = Omit<DrizzleSnapshotJSON, 'enums' | 'tables'> & {
  enums: Record<string, { name: string; schema: string; values: string[] }>
  tables: Record<string, SnapshotTable>
  /** How each table is audited, by table name. Missing in older snapshots. */
  audited?: Record<string, unknown>
}
export interface SnapshotTable {
  columns: Record<string, { name: string; type: string; typeSchema?: string }>
  indexes: Record<string, { where?: string; concurrently: boolean; columns: { isExpression: boolean }[] }>
  checkConstraints: Record<string, { value: string }>
  policies: Record<string, { using?: string; withCheck?: string }>
}

export interface SnapshotFile {
  /** The number of its migration, such as `0005`. */
  number: string
  snapshot: DrizzleSnapshotJSON
}

/**
 * Reads the schema after each migration, oldest first. There is no journal: the runner uses the file names,
 * and a journal would conflict in every merge of two branches that each add a migration.
 *
 * @throws {MigrationError} when a snapshot is not JSON
 */
export async function readSnapshots(folder: string): Promise<SnapshotFile[]> {
  const files = await readdir(join(folder, 'meta')).catch(() => [])
  const snapshots = files.filter((file) => /^\d{4}_snapshot\.json$/.test(file)).sort()
  return Promise.all(snapshots.map((file) => readSnapshot(folder, file)))
}

async function readSnapshot(folder: string, file: string): Promise<SnapshotFile> {
  const text = await readFile(join(folder, 'meta', file), 'utf8')
  try {
    return { number: file.slice(0, 4), snapshot: JSON.parse(text) }
  } catch {
    throw new MigrationError(`meta/${file} is not JSON: was a merge conflict left in it?`)
  }
}

export const takeSnapshot = (schema: Schema, previous: DrizzleSnapshotJSON): DrizzleSnapshotJSON => ({
  ...generateDrizzleJson(schema, previous.id),
  ...{ audited: declarationsOf(schema) },
})

/**
 * The audit declarations are part of the snapshot, so that a change of them needs a migration. The migrations
 * tell a database which of two releases is newer, and so whose triggers to keep.
 */
function declarationsOf(schema: Schema): Snapshot['audited'] {
  const policies = auditPolicies().filter(({ table }) => Object.values(schema).includes(table))
  return Object.fromEntries(
    policies.map((policy) => {
      const { tableName, personal, subject, subjectEmail } = policy
      return [tableName, { trigger: argumentsOf(policy), personal, subject, subjectEmail }]
    }),
  )
}

export function emptySnapshot(): DrizzleSnapshotJSON {
  // The predecessor of drizzle-kit's own first snapshots.
  const origin = '00000000-0000-0000-0000-000000000000'
  return { ...generateDrizzleJson({}), id: origin }
}

/** Returns the snapshot as it is after writing and reading it: without keys that are undefined. */
export const asStored = (snapshot: DrizzleSnapshotJSON | Snapshot): Snapshot =>
  JSON.parse(JSON.stringify(snapshot))

/**
 * Names the differences, such as `public.users columns.country_code: only in the schema`. Compares the
 * snapshots, not the SQL between them, because drizzle-kit asks questions while it generates SQL.
 */
export function findDifferences(snapshot: DrizzleSnapshotJSON, schema: DrizzleSnapshotJSON): string[] {
  const { id, prevId, ...before } = withDeclarations(snapshot, schema)
  const { id: newId, prevId: newPrevId, ...after } = asStored(schema)
  return compare([], before, after)
}

/** Adds the current audit declarations to a snapshot that has none, as older ones do. */
export const withDeclarations = <T extends DrizzleSnapshotJSON | Snapshot>(
  snapshot: T,
  schema: DrizzleSnapshotJSON | Snapshot,
): T => {
  const { audited } = asStored(schema)
  return { ...(audited && { audited }), ...snapshot }
}

function compare(path: string[], before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return []
  const name = path.slice(1).join(' ')
  if (before === undefined) return [`${name}: only in the schema`]
  if (after === undefined) return [`${name}: only in the snapshot`]
  if (!isRecord(before) || !isRecord(after)) {
    return [`${name}: ${JSON.stringify(after)} in the schema, ${JSON.stringify(before)} in the snapshot`]
  }
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return keys.flatMap((key) => compare([...path, key], before[key], after[key]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
