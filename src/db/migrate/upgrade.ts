import type postgres from 'postgres'
import { MigrationError } from './error.js'
import { getByRevision, type Migration, readMigrations } from './files.js'
import { compareHistories, type History, refuseDiverged } from './history.js'
import { createLedger, type LedgerRow, readLedger, recordState, recordUp } from './ledger.js'
import { describeHalfWay, runInTransaction, runWithoutTransaction } from './run-script.js'
import { parseScript, type Script } from './script.js'
import { resetSettings, type SessionOptions, withMigrationLock } from './session.js'

export interface UpgradeOptions extends SessionOptions {
  folder: string
  /** The last migration to apply, as `0003` or by its full name; all of them by default. */
  to?: string
  /**
   * Runs last, under the same lock, even if nothing was applied: for triggers and grants that follow the tables. Not where
   * the database is ahead of this release, for they are a newer release's then.
   */
  after?: (sql: postgres.Sql) => Promise<void>
  onApply?: (name: string) => void
  /** Called where the database is ahead of this release, and nothing is to be done. */
  onAhead?: (history: History) => void
}

/**
 * Applies what is missing by name, in order, so one that was merged late with a lower number is applied too.
 * Many processes may call this at once. Returns the names that this one applied.
 *
 * A database ahead of this release is no reason to refuse: in a rolling deployment an older release starts against a newer
 * schema, and must neither fail nor change what the newer one made.
 * @throws MigrationError
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
    refuseDiverged(history)
    const missing = wanted.filter(({ name }) => !ledger.has(name))
    // All are parsed before the first runs, so that a malformed one leaves the database as it was.
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

export const historyOf = (migrations: Migration[], ledger: Map<string, LedgerRow>): History =>
  compareHistories(
    migrations.map(({ name }) => name),
    [...ledger.keys()],
  )

/** @throws MigrationError while a file without a transaction is neither applied nor undone. */
export function refuseHalfWay(ledger: Map<string, LedgerRow>): void {
  for (const row of ledger.values()) {
    if (row.state !== 'applied') throw new MigrationError(describeHalfWay(row))
  }
}

function refuseEdited(migrations: Migration[], ledger: Map<string, LedgerRow>): void {
  const edited = migrations.filter(({ name, hash }) => ledger.has(name) && ledger.get(name)?.hash !== hash)
  if (edited.length === 0) return
  const files = edited.map(({ name }) => `${name}.sql`).join(', ')
  throw new MigrationError(
    `${files} was edited after it was applied here: restore it and put the change into a new migration, or downgrade below it first`,
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
