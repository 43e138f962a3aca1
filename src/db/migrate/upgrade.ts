// No library serves: drizzle only migrates up; node-pg-migrate and umzug do not compare applied migrations
// with their files.
import type postgres from 'postgres'
import { MigrationError } from './error.js'
import { explainEdited, explainUnknown } from './explain.js'
import { getByRevision, type Migration, readMigrations } from './files.js'
import { compareHistories, type History } from './history.js'
import {
  createLedger,
  type LedgerRow,
  readLedger,
  recordState,
  recordUp,
  storeDownScripts,
} from './ledger.js'
import { describeHalfWay, runInTransaction, runWithoutTransaction } from './run-script.js'
import { parseScript, type Script } from './script.js'
import { resetSettings, type SessionOptions, withMigrationLock } from './session.js'

export interface UpgradeOptions extends SessionOptions {
  /** The folder of the migration files. */
  folder: string
  /** The last migration to apply, as `0003` or by its full name. Default: the newest. */
  to?: string
  /**
   * Runs last, under the same lock, even if no migration was pending: for triggers and grants that
   * follow the tables. Skipped if the database is ahead of this release, because triggers and grants
   * are then a newer release's.
   */
  after?: (sql: postgres.Sql) => Promise<void>
  /** Called after each applied migration. */
  onApply?: (name: string) => void
  /** Called if the database is ahead of this release. Nothing is changed then. */
  onAhead?: (history: History) => void
}

/**
 * Applies the missing migrations in order of their names, including one that was merged late with a
 * lower number. Several processes may call this at once. Returns the names that this one applied.
 *
 * If the database is ahead of this release, it does nothing and does not fail: in a rolling
 * deployment an older release starts on a newer schema, and must not change it.
 * @throws {MigrationError} when an applied file was edited, when a migration stopped half-way, when
 *   the histories have diverged, or when a file fails
 */
export async function upgrade(url: string, options: UpgradeOptions): Promise<string[]> {
  const migrations = await readMigrations(options.folder)
  const wanted = upTo(migrations, options.to)
  return withMigrationLock(url, options, async (sql) => {
    await createLedger(sql)
    const ledger = await readLedger(sql)
    const history = historyOf(migrations, ledger)
    refuseEdited(migrations, ledger)
    if (history.newer.length > 0) {
      options.onAhead?.(history)
      return []
    }
    refuseHalfWay(ledger)
    if (history.unknown.length > 0) throw new MigrationError(explainUnknown(history))
    await storeDownScripts(sql, migrations)
    const missing = wanted.filter(({ name }) => !ledger.has(name))
    // Parses all files before the first one runs, so that a malformed one changes nothing.
    for (const { migration, script } of missing.map(withScript)) {
      await resetSettings(sql, options.lockTimeoutMs)
      await apply(sql, migration, script)
      options.onApply?.(migration.name)
    }
    await resetSettings(sql, options.lockTimeoutMs)
    await options.after?.(sql)
    return missing.map(({ name }) => name)
  })
}

/** Compares the migration files with the ledger. */
export const historyOf = (migrations: Migration[], ledger: Map<string, LedgerRow>): History =>
  compareHistories(
    migrations.map(({ name }) => name),
    [...ledger.keys()],
  )

/** @throws {MigrationError} when a file without a transaction stopped half-way */
export function refuseHalfWay(ledger: Map<string, LedgerRow>): void {
  for (const row of ledger.values()) {
    if (row.state !== 'applied') throw new MigrationError(describeHalfWay(row))
  }
}

function refuseEdited(migrations: Migration[], ledger: Map<string, LedgerRow>): void {
  const edited = migrations.filter(({ name, hash }) => ledger.has(name) && ledger.get(name)?.hash !== hash)
  if (edited.length === 0) return
  throw new MigrationError(
    explainEdited(
      edited.map(({ name }) => name),
      [...ledger.keys()],
    ),
  )
}

function upTo(migrations: Migration[], revision: string | undefined): Migration[] {
  if (revision === undefined) return migrations
  const names = migrations.map(({ name }) => name)
  return migrations.slice(0, names.indexOf(getByRevision(names, revision)) + 1)
}

function withScript(migration: Migration) {
  return { migration, script: parseScript(`${migration.name}.sql`, migration.up) }
}

async function apply(sql: postgres.Sql, migration: Migration, script: Script): Promise<void> {
  const { name } = migration
  if (script.transactional) {
    return runInTransaction(sql, script, (tx) => recordUp(tx, migration, 'applied'))
  }
  await recordUp(sql, migration, 'upgrading')
  await runWithoutTransaction(sql, script, { name, state: 'upgrading', statementsDone: 0 })
  await recordState(sql, name, 'applied')
}
