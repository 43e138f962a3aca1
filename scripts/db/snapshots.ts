import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type DrizzleSnapshotJSON, generateDrizzleJson } from 'drizzle-kit/api'
import { argumentsOf } from '../../src/db/audit/triggers.js'
import { auditPolicies } from '../../src/db/declarations/audited.js'
import { MigrationError } from '../../src/db/migrate/index.js'

/** A module's exports: those that are tables, enums, views and the like count. */
export type Schema = Record<string, unknown>

/** What is read of a snapshot here; drizzle-kit's own type says nothing of it. */
export type Snapshot = Omit<DrizzleSnapshotJSON, 'enums' | 'tables'> & {
  enums: Record<string, { name: string; schema: string; values: string[] }>
  tables: Record<string, SnapshotTable>
  /** How the tables are audited, by name. Older snapshots do not have it. */
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

export const takeSnapshot = (schema: Schema, previous: DrizzleSnapshotJSON): DrizzleSnapshotJSON => ({
  ...generateDrizzleJson(schema, previous.id),
  ...{ audited: declarationsOf(schema) },
})

/**
 * With the tables, so that a declaration changes only with a migration: by its migrations a database knows which of two
 * releases is the newer one, whose triggers are to stay.
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
  const { id, prevId, ...before } = withDeclarations(snapshot, schema)
  const { id: newId, prevId: newPrevId, ...after } = asStored(schema)
  return compare([], before, after)
}

/** From before they were kept: as they are now. */
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
