/** What follows from the tables and permissions: the migration, the list of tables, the documents. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { check } from '../db/check.js'
import { checkSchemaIndex } from '../db/schema-index.js'
import { Refusal } from './refusal.js'

/**
 * A migration has all changes since the newest one, so there must be no other.
 * @throws {Refusal} when the tables and the migrations do not agree
 */
export async function refuseUnlessMigrated(): Promise<void> {
  const folder = 'drizzle'
  const schema = await import('../../src/db/schema/index.js')
  const [problem] = [...checkSchemaIndex(), ...(await check({ folder, schema }))]
  if (problem !== undefined) throw new Refusal(`the tables have changes without a migration: ${problem}`)
}

/** In programs of their own, because the tables that this one has loaded are those of before. */
export async function generateMigration(name: string): Promise<void> {
  await run('scripts/db.ts', 'generate', '--name', name)
}

export const generateDocuments = (): Promise<void> => run('scripts/settings-table.ts')

/** @throws {Refusal} with its last words when the program fails */
async function run(script: string, ...args: string[]): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  const [, complaints, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (exitCode !== 0) throw new Refusal(`nothing was changed, because ${script} failed: ${complaints.trim()}`)
}
