import type postgres from 'postgres'
import { MigrationError } from './error.js'
import { getByRevision, type Migration, readMigrations } from './files.js'
import {
  createLedger,
  type LedgerRow,
  readDownScripts,
  readLedger,
  recordDown,
  recordState,
} from './ledger.js'
import { runInTransaction, runWithoutTransaction } from './run-script.js'
import { parseScript, type Script } from './script.js'
import { resetSettings, withMigrationLock } from './session.js'
import { historyOf, refuseHalfWay, type UpgradeOptions } from './upgrade.js'

export interface DowngradeOptions extends Omit<UpgradeOptions, 'to' | 'onApply' | 'onAhead'> {
  /**
   * `steps`: how many of the newest migrations to revert. `to`: the newest migration that stays, as
   * `0003` or by its full name; `base` reverts all.
   */
  target: { steps: number } | { to: string }
  /**
   * Reverts migrations without a file, too, with the way down that the database has kept. For
   * development, after a change of branch. Default: false, because an older release would undo a newer
   * one.
   */
  withoutFiles?: boolean
  /** Called after each reverted migration. */
  onRevert?: (name: string) => void
}

/**
 * Reverts applied migrations with their down files, newest name first. Returns the reverted names.
 * Edited up files are accepted, because a downgrade is the way to fix them. Their way down is then the
 * one that the database has kept, which belongs to what was applied.
 * @throws {MigrationError} when a needed file is missing (nothing has run then), when the target is
 *   not applied, when a migration stopped half-way, or when a down file fails
 */
export async function downgrade(url: string, options: DowngradeOptions): Promise<string[]> {
  const known = await readMigrations(options.folder)
  const migrations = new Map(known.map((migration) => [migration.name, migration]))
  return withMigrationLock(url, options, async (sql) => {
    await createLedger(sql)
    const ledger = await readLedger(sql)
    refuseHalfWay(ledger)
    const stored = await readDownScripts(sql)
    const rows = rowsToRevert([...ledger.values()], options.target)
    const steps = rows.map((row) => ({
      name: row.name,
      script: downScript(row, migrations.get(row.name), stored.get(row.name), options),
    }))
    for (const { name, script } of steps) {
      await resetSettings(sql, options.lockTimeoutMs)
      await revert(sql, name, script)
      options.onRevert?.(name)
    }
    await resetSettings(sql, options.lockTimeoutMs)
    // While migrations of a newer release are applied, triggers and grants are that release's.
    if (historyOf(known, await readLedger(sql)).newer.length === 0) await options.after?.(sql)
    return steps.map(({ name }) => name)
  })
}

function rowsToRevert(applied: LedgerRow[], target: DowngradeOptions['target']): LedgerRow[] {
  const names = applied.map(({ name }) => name)
  const keep = 'steps' in target ? applied.length - target.steps : countUpTo(names, target.to)
  if (keep < 0) throw new MigrationError(`cannot go back that far: ${applied.length} applied`)
  return applied.slice(keep).reverse()
}

function countUpTo(applied: string[], revision: string): number {
  if (revision === 'base' || revision === '0000') return 0
  return applied.indexOf(getByRevision(applied, revision, 'applied migration')) + 1
}

function downScript(
  { name, hash }: LedgerRow,
  migration: Migration | undefined,
  stored: string | undefined,
  { withoutFiles = false }: Pick<DowngradeOptions, 'withoutFiles'>,
): Script {
  const file = `${name}.down.sql`
  if (migration === undefined && !withoutFiles) {
    throw new MigrationError(
      `${name} is applied, but its files are missing here: downgrade with the release that has them; nothing was changed`,
    )
  }
  const down = migration?.hash === hash ? migration.down : (stored ?? migration?.down)
  if (down !== undefined) return parseScript(file, down)
  throw new MigrationError(
    migration
      ? `${file} is missing, so ${name} cannot be reverted; nothing was changed`
      : `${name} has no files here, and an older release applied it, which kept no way down: revert it on the branch that has the files, or use npm run db:reset; nothing was changed`,
  )
}

async function revert(sql: postgres.Sql, name: string, script: Script): Promise<void> {
  if (script.transactional) {
    return runInTransaction(sql, script, (tx) => recordDown(tx, name))
  }
  await recordState(sql, name, 'downgrading')
  await runWithoutTransaction(sql, script, { name, state: 'downgrading', statementsDone: 0 })
  await recordDown(sql, name)
}
