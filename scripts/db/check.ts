import { readdir } from 'node:fs/promises'
import { listMigrations, parseScript, readMigrations } from '../../src/db/migrate/index.js'
import {
  emptySnapshot,
  findDifferences,
  readSnapshots,
  type Schema,
  type SnapshotFile,
  takeSnapshot,
} from './snapshots.js'
import { findUnsafe } from './unsafe.js'

/**
 * Checks the migration files. Returns one line per problem. Needs no database.
 *
 * @throws {MigrationError} when the runner would refuse a file too
 */
export async function check({ folder, schema }: { folder: string; schema: Schema }): Promise<string[]> {
  const names = await listMigrations(folder)
  const snapshots = await readSnapshots(folder)
  return [
    ...(await checkScripts(folder)),
    ...checkNumbers(names),
    ...(await checkDownFiles(folder, names)),
    ...checkSnapshots(names, snapshots),
    ...checkSchema(schema, snapshots),
  ]
}

function checkNumbers(names: string[]): string[] {
  return names.flatMap((name, index) => {
    const number = Number(name.slice(0, 4))
    const before = Number(names[index - 1]?.slice(0, 4) ?? 0)
    if (number === before)
      return `${name}.sql has the number of ${names[index - 1]}.sql: generate it again, after it`
    return number > before + 1
      ? `${name}.sql follows ${before === 0 ? 'nothing' : names[index - 1]}: a number is missing`
      : []
  })
}

async function checkDownFiles(folder: string, names: string[]): Promise<string[]> {
  const files = new Set(await readdir(folder))
  const withoutDown = names.filter((name) => !files.has(`${name}.down.sql`))
  const withoutUp = [...files].filter(
    (file) => file.endsWith('.down.sql') && !files.has(file.replace('.down', '')),
  )
  return [
    ...withoutDown.map((name) => `${name}.sql has no ${name}.down.sql`),
    ...withoutUp.map((file) => `${file} has no ${file.replace('.down', '')}`),
  ]
}

function checkSnapshots(names: string[], snapshots: SnapshotFile[]): string[] {
  const numbers = new Set(names.map((name) => name.slice(0, 4)))
  const snapshotNumbers = new Set(snapshots.map(({ number }) => number))
  const without = names.filter((name) => !snapshotNumbers.has(name.slice(0, 4)))
  return [
    ...without.map((name) => `${name}.sql has no meta/${name.slice(0, 4)}_snapshot.json`),
    ...snapshots.flatMap(({ number, snapshot }, index) => {
      const file = `meta/${number}_snapshot.json`
      if (!numbers.has(number)) return `${file} has no migration`
      // Two branches started from the same migration: the later snapshot lacks the changes of the other.
      const expected = snapshots[index - 1]?.snapshot.id ?? emptySnapshot().id
      return snapshot.prevId === expected
        ? []
        : `${file} was not made from the one before it: generate ${number} again`
    }),
  ]
}

function checkSchema(schema: Schema, snapshots: SnapshotFile[]): string[] {
  const newest = snapshots.at(-1)?.snapshot ?? emptySnapshot()
  const differences = findDifferences(newest, takeSnapshot(schema, newest))
  return differences.map((difference) => `db:generate is due: ${difference}`)
}

async function checkScripts(folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder)
  const scripts = migrations.flatMap(({ name, up, down }) => [
    parseScript(`${name}.sql`, up),
    ...(down === undefined ? [] : [parseScript(`${name}.down.sql`, down)]),
  ])
  return scripts.flatMap(findUnsafe)
}
