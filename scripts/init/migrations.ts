import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Feature } from './features/feature.js'

type Objects = NonNullable<Feature['database']>

const BREAKPOINT = '\n--> statement-breakpoint\n'

type Snapshot = {
  id: string
  prevId: string
  tables: Record<string, { columns: Record<string, unknown>; indexes: Record<string, unknown> }>
  enums: Record<string, unknown>
  /** What the audit trigger of each table gets. */
  audited?: Record<string, { trigger: string[] }>
}

/**
 * Takes what belongs to features out of the history of a database that does not exist yet: their
 * statements, what they have in the snapshots, and migrations that are empty then. The others are
 * numbered anew.
 */
export function takeOutOfHistory(folder: string, features: readonly Objects[]): void {
  const names = features.flatMap(
    ({ tables = [], types = [], functions = [], columns = {}, indexes = {} }) => [
      ...[...tables, ...types, ...functions],
      ...[...Object.values(columns), ...Object.values(indexes)].flat(),
    ],
  )
  if (names.length === 0) return
  const drizzle = join(folder, 'drizzle')
  const migrations = readdirSync(drizzle)
    .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
    .map((file) => file.replace('.sql', ''))
    .sort()
  const kept = migrations.filter((name) => keepsSome(drizzle, name, names))
  let previous: Snapshot | undefined
  for (const [index, name] of kept.entries()) {
    previous = renumber(drizzle, { name, number: String(index + 1).padStart(4, '0'), previous, features })
  }
}

/** Rewrites both files of a migration, or removes them with the snapshot. */
function keepsSome(drizzle: string, name: string, gone: readonly string[]): boolean {
  const up = withoutStatements(drizzle, `${name}.sql`, gone)
  if (up.length === 0) {
    for (const file of [`${name}.sql`, `${name}.down.sql`, `meta/${name.slice(0, 4)}_snapshot.json`])
      rmSync(join(drizzle, file), { force: true })
    return false
  }
  writeFileSync(join(drizzle, `${name}.sql`), up)
  const down = `${name}.down.sql`
  if (existsSync(join(drizzle, down)))
    writeFileSync(join(drizzle, down), withoutStatements(drizzle, down, gone))
  return true
}

function withoutStatements(drizzle: string, file: string, gone: readonly string[]): string {
  const mentions = new RegExp(
    `(?<![\\w.'"-]|\\bapp\\.)"?(?:public"?\\."?)?(?:${gone.join('|')})"?(?![\\w'-])`,
  )
  return readFileSync(join(drizzle, file), 'utf8')
    .split(BREAKPOINT)
    .filter((statement) => !mentions.test(statement.replace(/^--.*$/gm, '')))
    .join(BREAKPOINT)
}

type Renumbering = {
  name: string
  number: string
  previous: Snapshot | undefined
  features: readonly Objects[]
}

function renumber(drizzle: string, { name, number, previous, features }: Renumbering): Snapshot {
  const renamed = number + name.slice(4)
  for (const end of ['.sql', '.down.sql'])
    if (renamed !== name) renameSync(join(drizzle, name + end), join(drizzle, renamed + end))
  const meta = join(drizzle, 'meta')
  const old = join(meta, `${name.slice(0, 4)}_snapshot.json`)
  const snapshot: Snapshot = JSON.parse(readFileSync(old, 'utf8'))
  for (const objects of features) takeOutOfSnapshot(snapshot, objects)
  if (previous) snapshot.prevId = previous.id
  rmSync(old)
  writeFileSync(join(meta, `${number}_snapshot.json`), `${JSON.stringify(snapshot, null, 2)}\n`)
  return snapshot
}

function takeOutOfSnapshot({ tables, enums, audited = {} }: Snapshot, objects: Objects): void {
  for (const table of objects.tables ?? []) {
    delete tables[`public.${table}`]
    delete audited[table]
  }
  for (const type of objects.types ?? []) delete enums[`public.${type}`]
  for (const [table, columns] of Object.entries(objects.columns ?? {})) {
    for (const column of columns) delete tables[`public.${table}`]?.columns[column]
    const declared = audited[table]
    if (declared) declared.trigger = declared.trigger.map((passed) => withoutNames(passed, columns))
  }
  for (const [table, indexes] of Object.entries(objects.indexes ?? {}))
    for (const index of indexes) delete tables[`public.${table}`]?.indexes[index]
}

/** `passed` is a JSON object with names as keys, an array of names in PostgreSQL's form, or neither. */
function withoutNames(passed: string, names: readonly string[]): string {
  if (passed.startsWith('{"')) {
    const entries = Object.entries(JSON.parse(passed) as Record<string, string>)
    return JSON.stringify(Object.fromEntries(entries.filter(([key]) => !names.includes(key))))
  }
  const [, list] = /^\{(.*)\}$/.exec(passed) ?? []
  if (list === undefined) return passed
  return `{${list
    .split(',')
    .filter((name) => !names.includes(name))
    .join(',')}}`
}
