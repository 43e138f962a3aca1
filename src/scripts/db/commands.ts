import { loadConfig } from '../../config/index.js'
import { explainDatabase } from '../../db/lifecycle/explain.js'
import { type OpenDatabase, openDatabase } from '../../db/lifecycle/open.js'
import { MIGRATIONS_FOLDER as folder, migrationsOf } from '../../db/lifecycle/setup.js'
import { downgrade, migrationStatus, upgrade } from '../../db/migrate/index.js'
import { parseOptions } from '../command-line/arguments.js'
import { parsePositional, parseRevision, parseTarget } from './arguments.js'

/** The commands that need no development dependency, and so work with only the build. */
export const commands = new Map([
  ['upgrade', upgradeCommand],
  ['downgrade', downgradeCommand],
  ['status', statusCommand],
])

const AHEAD = 'The database is ahead of this release: migrations of the newer release stay as they are.'

async function upgradeCommand(args: string[]): Promise<void> {
  const revision = parsePositional(args)
  const to = revision === undefined ? {} : { to: parseRevision(revision) }
  const applied = await withDatabase((database) =>
    upgrade(database.migrationUrl, {
      ...runnerOptions(database),
      ...to,
      onApply: (name) => console.log(`applied   ${name}`),
      onAhead: ({ newer }) => console.log(`newer     ${newer.join('\nnewer     ')}\n${AHEAD}`),
    }),
  )
  if (applied.length === 0) console.log('Nothing to apply.')
}

async function downgradeCommand(args: string[]): Promise<void> {
  const target = parseTarget(parsePositional(args))
  const reverted = await withDatabase((database) =>
    downgrade(database.migrationUrl, {
      ...runnerOptions(database),
      target,
      withoutFiles: !database.isProduction,
      onRevert: (name) => console.log(`reverted  ${name}`),
    }),
  )
  if (reverted.length === 0) console.log('Nothing to revert.')
}

async function statusCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  await withDatabase(async ({ migrationUrl }) => {
    const states = await migrationStatus(migrationUrl, { folder })
    const width = Math.max(0, ...states.map(({ name }) => name.length))
    for (const { name, state, appliedAt } of states)
      console.log(`${name.padEnd(width)}  ${state.padEnd(8)}  ${appliedAt?.toISOString() ?? ''}`.trimEnd())
    for (const text of await explainDatabase(migrationUrl, states)) console.log(`\n${text}.`)
  })
}

async function withDatabase<T>(work: (database: OpenDatabase) => Promise<T>): Promise<T> {
  const database = await openDatabase(loadConfig())
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

function runnerOptions(database: OpenDatabase) {
  return {
    ...migrationsOf(database),
    onWait: () => console.log('Waiting for another migration of this database to end …'),
  }
}
