import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import type { OpenDatabase } from '../../src/db/lifecycle/open.js'
import { migrationsOf, prepareDatabase } from '../../src/db/lifecycle/setup.js'
import { resetSettings, withMigrationLock } from '../../src/db/migrate/session.js'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { parseOptions } from '../../src/scripts/command-line/arguments.js'
import { describeDatabase, isOnThisMachine, withDevelopmentDatabase } from './development-database.js'
import { dropEverything, listOwnSchemas } from './drop-everything.js'

/** Connections of this process, or of one that was just stopped, take a moment to end. */
const CLIENTS_LEAVE_WITHIN_MS = 3_000
const POLL_MS = 50

/** Drops everything in the configured database, and migrates it again. */
export async function resetCommand(args: string[]): Promise<void> {
  const { yes = false } = parseOptions(args, { yes: { type: 'boolean' } })
  await withDevelopmentDatabase('npm run db:reset', async (database) => {
    const underLock = <T>(work: (sql: Sql) => Promise<T>) =>
      withMigrationLock(database.migrationUrl, migrationsOf(database), async (sql) => {
        await resetSettings(sql)
        await refuseClients(sql, database)
        return work(sql)
      })
    const schemas = await underLock(listOwnSchemas)
    if (!(await isConfirmed(yes, database, schemas))) return console.log('Nothing was changed.')
    await underLock(dropEverything)
    const applied = await prepareDatabase(database)
    console.log(`Dropped everything, and applied ${applied.length} migrations.`)
    console.log('npm run db:seed adds sample data; npm run dev creates the first super_admin otherwise.')
  })
}

/** Their caches and jobs refer to rows that would be gone. */
async function refuseClients(sql: Sql, database: OpenDatabase): Promise<void> {
  const deadline = performance.now() + CLIENTS_LEAVE_WITHIN_MS
  let clients = await listClients(sql)
  while (clients.length > 0 && performance.now() < deadline) {
    await delay(POLL_MS)
    clients = await listClients(sql)
  }
  if (clients.length === 0) return
  throw new OperatorError(
    `${clients.join(', ')} ${clients.length === 1 ? 'uses' : 'use'} ${describeDatabase(database)}: end that first (npm run dev, or a database client). Nothing was changed`,
  )
}

async function listClients(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select distinct coalesce(nullif(application_name, ''), usename) as name from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and usename is not null
      -- Null for the sessions of other roles.
      and coalesce(backend_type, 'client backend') = 'client backend'
    order by 1`
  return rows.map(({ name }) => name)
}

/** @throws {OperatorError} when the question is needed, and there is no terminal to ask it in */
async function isConfirmed(yes: boolean, database: OpenDatabase, schemas: string[]): Promise<boolean> {
  const isLocal = isOnThisMachine(database)
  if (yes && isLocal) return true
  const description = describeDatabase(database)
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new OperatorError(
      isLocal
        ? `this drops everything in ${description}: without a terminal to ask in, confirm it with --yes`
        : `${description} is not on this machine: run this in a terminal, which asks, also with --yes`,
    )
  const { confirm } = await import('@inquirer/prompts')
  const message = `Drop everything in ${description} (${['public', ...schemas].join(', ')})?`
  return confirm({ message, default: false }, { output: process.stderr }).catch(cancelled)
}

/** Ctrl-C at a question. */
function cancelled(error: Error): false {
  if (error.name !== 'ExitPromptError') throw error
  return false
}
