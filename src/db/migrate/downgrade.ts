import type postgres from 'postgres'
import { MigrationError } from './error.js'
import { getByRevision, type Migration, readMigrations } from './files.js'
import { createLedger, readLedger, recordDown, recordState } from './ledger.js'
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
  /** Called after each reverted migration. */
  onRevert?: (name: string) => void
}

/**
 * Reverts applied migrations with their down files, newest name first. Returns the reverted names.
 * Edited up files are accepted, because a downgrade is the way to fix them.
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
    const names = namesToRevert([...ledger.keys()], options.target)
    const steps = names.map((name) => ({ name, script: downScript(name, migrations.get(name)) }))
    for (const { name, script } of steps) {
      await resetSettings(sql, options.lockTimeoutMs)
      await revert(sql, name, script)
      options.onRevert?.(name)
    }
    await resetSettings(sql, options.lockTimeoutMs)
    // While migrations of a newer release are applied, triggers and grants are that release's.
    if (historyOf(known, await readLedger(sql)).newer.length === 0) await options.after?.(sql)
    return names
  })
}

function namesToRevert(applied: string[], target: DowngradeOptions['target']): string[] {
  const keep = 'steps' in target ? applied.length - target.steps : countUpTo(applied, target.to)
  if (keep < 0) throw new MigrationError(`cannot go back that far: ${applied.length} applied`)
  return applied.slice(keep).reverse()
}

function countUpTo(applied: string[], revision: string): number {
  if (revision === 'base' || revision === '0000') return 0
  return applied.indexOf(getByRevision(applied, revision, 'applied migration')) + 1
}

function downScript(name: string, migration: Migration | undefined): Script {
  const file = `${name}.down.sql`
  if (migration === undefined) {
    throw new MigrationError(
      `${name} is applied, but its files are missing here: downgrade with the release that has them; nothing was changed`,
    )
  }
  if (migration.down === undefined) {
    throw new MigrationError(`${file} is missing, so ${name} cannot be reverted; nothing was changed`)
  }
  return parseScript(file, migration.down)
}

async function revert(sql: postgres.Sql, name: string, script: Script): Promise<void> {
  if (script.transactional) {
    return runInTransaction(sql, script, (tx) => recordDown(tx, name))
  }
  await recordState(sql, name, 'downgrading')
  await runWithoutTransaction(sql, script, { name, state: 'downgrading', statementsDone: 0 })
  await recordDown(sql, name)
}
