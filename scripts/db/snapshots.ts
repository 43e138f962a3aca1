import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type DrizzleSnapshotJSON, generateDrizzleJson } from 'drizzle-kit/api'
import { MigrationError } from '../../src/db/migrate/index.js'

/** A module's exports: those that are tables, enums, views and the like count. */
export type Schema = Record<string, unknown>

/** What is read of a snapshot here; drizzle-kit's own type says nothing of it. */
export type Snapshot = Omit<DrizzleSnapshotJSON, 'enums' | 'tables'> & {
  enums: Record<string, { name: string; schema: string; values: string[] }>
  tables: Record<string, SnapshotTable>
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
 * The schema as it was after each migration, oldest first. There is no journal beside them: the runner goes by
 * file names, and a journal would conflict in every merge of two branches that each add a migration.
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

export function takeSnapshot(schema: Schema, previous: DrizzleSnapshotJSON): DrizzleSnapshotJSON {
  return generateDrizzleJson(schema, previous.id)
}

export function emptySnapshot(): DrizzleSnapshotJSON {
  // drizzle-kit's own first snapshots have this for a predecessor.
  const origin = '00000000-0000-0000-0000-000000000000'
  return { ...generateDrizzleJson({}), id: origin }
}

/** As one that was written and read: without the keys that are undefined. */
export const asStored = (snapshot: DrizzleSnapshotJSON | Snapshot): Snapshot =>
  JSON.parse(JSON.stringify(snapshot))

/**
 * Names what differs, such as `public.users columns.country_code: only in the schema`. Compares the snapshots
 * themselves and not the SQL between them, for drizzle-kit asks questions while it writes that.
 */
export function findDifferences(snapshot: DrizzleSnapshotJSON, schema: DrizzleSnapshotJSON): string[] {
  const { id, prevId, ...before } = snapshot
  const { id: newId, prevId: newPrevId, ...after } = asStored(schema)
  return compare([], before, after)
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
