import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from '../../scripts/db/commands.js'
import { MIGRATIONS_FOLDER } from '../../src/db/lifecycle/setup.js'
import { listMigrations } from '../../src/db/migrate/index.js'
import { isRunning } from '../../src/embedded-postgres/process-identity.js'
import { UsageError } from '../../src/scripts/command-line/arguments.js'
import { bundled } from '../helpers/bundle.js'
import { copyCheckout } from '../helpers/checkout.js'
import { createEmptyDatabase, newerReleaseWasHere } from '../helpers/database.js'
import { newDataDir, serverOf } from '../helpers/embedded-dir.js'
import { run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

const names = await listMigrations(MIGRATIONS_FOLDER)
const first = String(names[0])

/**
 * The command as run by a developer, in a checkout whose `config/config.yml` names a separate
 * database.
 */
async function createCli(t: Test) {
  const database = await createEmptyDatabase(t)
  const cwd = copyCheckout(t)
  const { appUrl, url } = database
  writeFileSync(join(cwd, 'config/config.yml'), `DATABASE_URL: ${appUrl}\nDATABASE_MIGRATION_URL: ${url}\n`)
  const db = async (...args: string[]) => run(t, [...(await bundled('scripts/db.ts', cwd)), ...args], { cwd })
  const npm = (script: string, ...args: string[]) =>
    run(t, ['npm', 'run', '--silent', script, '--', ...args], { cwd })
  return { ...database, cwd, db, npm }
}

const done = (...lines: string[]) => ({ code: 0, signal: null, stdout: `${lines.join('\n')}\n`, stderr: '' })
const failed = (line: string) => ({ code: 1, signal: null, stdout: '', stderr: `db: ${line}\n` })

t.test('upgrade and downgrade go to a revision, or all the way, and print what they did', async (t) => {
  const { sql, db, npm } = await createCli(t)
  const applied = (migrations: string[]) => done(...migrations.map((name) => `applied   ${name}`))
  const reverted = (migrations: string[]) => done(...migrations.map((name) => `reverted  ${name}`))
  t.strictSame(await db('upgrade', '0001'), applied([first]))
  const { stdout } = await npm('db:status')
  t.match(stdout.split('\n'), [/^0001_\w+ +applied +\d{4}-\d\d-\d\dT.*Z$/, /^0002_\w+ +pending$/])
  t.strictSame(await npm('db:upgrade'), applied(names.slice(1)))

  await newerReleaseWasHere(sql)
  t.strictSame(
    await db('upgrade'),
    done(
      'newer     9999_newer',
      'The database is ahead of this release: migrations of the newer release stay as they are.',
      'Nothing to apply.',
    ),
  )
  t.match(
    (await db('status')).stdout,
    /\n9999_newer +newer +\d{4}-.*\n\n9999_newer is applied, but without a file/,
  )
  t.strictSame(await db('check'), done('Schema, snapshots and migrations agree.'))
  t.match(await db('downgrade', '-1'), {
    code: 1,
    stderr: /^db: 9999_newer has no files here, .*db:reset; /,
  })
  await sql`update drizzle.migrations set name = '0002_other' where name = '9999_newer'`
  const { stderr } = await db('upgrade')
  t.match(
    stderr,
    /^db: 0002_other is applied, but without a file here, .* npm run db:downgrade -- 0001_audit_log,/,
  )
  t.strictSame(await db('check'), { ...failed(''), stderr })
  t.ok((await db('status')).stdout.includes(stderr.replace(/^db: |\n$/g, '')), 'the same words')
  await sql`delete from drizzle.migrations where name = '0002_other'`

  t.strictSame(await npm('db:downgrade', '-1'), reverted(names.slice(-1)), 'npm passes -1 on')
  t.strictSame(await db('downgrade', first), reverted(names.slice(1, -1).reverse()))
  t.strictSame(await db('downgrade', 'base'), reverted([first]))
  t.strictSame(await db('downgrade', 'base'), done('Nothing to revert.'))
})

t.test('four concurrent upgrades succeed, and one of them applies everything', async (t) => {
  const { db } = await createCli(t)
  const runs = await Promise.all([1, 2, 3, 4].map(() => db('upgrade')))
  t.strictSame(
    runs.map(({ code, stderr }) => ({ code, stderr })),
    runs.map(() => ({ code: 0, stderr: '' })),
  )
  const worked = runs.filter(({ stdout }) => stdout.includes('applied'))
  t.strictSame(
    worked.map(({ stdout }) => stdout),
    [names.map((name) => `applied   ${name}\n`).join('')],
  )
})

t.test('detects a changed schema, generates both directions, applies and reverts them', async (t) => {
  const { sql, cwd, db, npm } = await createCli(t)
  const columns = () => sql`select from information_schema.columns where column_name = 'shoe_size'`
  const schemaFile = join(cwd, 'src/db/schema/users.ts')
  const schema = readFileSync(schemaFile, 'utf8')
  writeFileSync(
    schemaFile,
    schema.replace("email: text('email')", "shoeSize: text('shoe_size'),\n    email: text('email')"),
  )
  t.strictSame(
    await db('check'),
    failed('db:generate is due: public.users columns shoe_size: only in the schema'),
  )
  await db('upgrade')
  t.match(
    (await db('status')).stdout,
    /\n\nin users, shoe_size is only in src\/db\/schema: run npm run db:generate -- .* npm run db:upgrade\.\n$/,
  )
  const name = `${String(names.length + 1).padStart(4, '0')}_add_shoe_size`
  t.strictSame(
    await npm('db:generate', '--name', 'add_shoe_size'),
    done(`drizzle/${name}.sql`, `drizzle/${name}.down.sql`, 'Read both before you commit them.'),
  )
  t.ok(readdirSync(join(cwd, 'drizzle')).includes(`${name}.down.sql`))
  t.strictSame(await npm('db:check'), done('Schema, snapshots and migrations agree.'))
  await db('upgrade')
  t.equal((await columns()).length, 1)
  t.strictSame(await db('downgrade', '-1'), done(`reverted  ${name}`))
  t.equal((await columns()).length, 0)

  writeFileSync(join(cwd, 'drizzle', `${first}.sql`), 'SELECT 1')
  t.match(await db('check'), {
    code: 1,
    stderr: new RegExp(`^db: ${first}.sql was edited after being applied`),
  })
  writeFileSync(join(cwd, 'config/config.yml'), 'DATABASE_URL: postgres://ada:hunter2@127.0.0.1:1/nothing')
  const unreachable = 'cannot connect to database nothing at 127.0.0.1:1: ECONNREFUSED'
  t.strictSame(await db('status'), failed(unreachable))
  t.strictSame(
    await db('check'),
    done(`Applied migrations are not checked: ${unreachable}`, 'Schema, snapshots and migrations agree.'),
  )
})

t.test('migrates the embedded database without DATABASE_URL and leaves it stopped', async (t) => {
  const dataDir = newDataDir(t)
  const env = { CONFIG_FILE: 'off', DATA_DIR: join(dataDir, '..') }
  const db = async (command: string) => run(t, [...(await bundled('scripts/db.ts')), command], { env })
  t.strictSame(await db('upgrade'), done(...names.map((name) => `applied   ${name}`)))
  t.notOk(isRunning(serverOf(dataDir)))
  const { stdout } = await db('status')
  t.strictSame(stdout.match(/\d{4}_\w+ +applied/g)?.length, names.length)
  t.notOk(isRunning(serverOf(dataDir)))
})

t.test('answers an invalid command line with the usage and exit code 1', async (t) => {
  const unknown = await run(t, [...(await bundled('scripts/db.ts')), 'upgrad'], {
    env: { CONFIG_FILE: 'off' },
  })
  t.match(unknown, {
    code: 1,
    stdout: '',
    stderr: /^db: unknown command upgrad\nUsage:\n {2}npm run db:generate/,
  })
  t.notMatch(unknown.stderr, / at .*\.ts:\d/)
  const refusals: [string, string[], string][] = [
    ['downgrade', [], 'a target is missing: -1 for one step, or the revision to stop at'],
    ['downgrade', ['-0'], '-0 is not a revision'],
    ['downgrade', ['1'], '1 is not a revision'],
    ['downgrade', ['-1', '0001'], 'at most one argument, not -1 0001'],
    ['downgrade', ['--force'], "Unknown option '--force'"],
    ['upgrade', ['-1'], '-1 is not a revision'],
    ['upgrade', ['newest'], 'newest is not a revision'],
    ['generate', [], '--name is missing, for example --name add_country_code'],
    ['generate', ['--name'], "Option '--name <value>' argument missing"],
    ['status', ['0001'], "Unexpected argument '0001'"],
    ['check', ['--all'], "Unknown option '--all'"],
  ]
  for (const [command, args, message] of refusals) {
    const refused = Promise.resolve(commands.get(command)?.(args))
    await t.rejects(refused, { constructor: UsageError, message }, [command, ...args].join(' '))
  }
})
