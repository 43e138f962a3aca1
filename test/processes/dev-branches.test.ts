import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MIGRATIONS_FOLDER } from '../../src/db/lifecycle/setup.js'
import { listMigrations } from '../../src/db/migrate/index.js'
import { copyCheckout } from '../helpers/checkout.js'
import { createEmptyDatabase } from '../helpers/database.js'
import { allReady, newPlace, startDev } from '../helpers/dev.js'
import { eventually } from '../helpers/eventually.js'
import { run } from '../helpers/process.js'
import t from '../tap.js'

t.test('two branches that took the same number, under npm run dev', async (t) => {
  const { sql, url, appUrl } = await createEmptyDatabase(t)
  const cwd = copyCheckout(t)
  const env = { ...newPlace(t).env, DATABASE_URL: appUrl, DATABASE_MIGRATION_URL: url }
  const npm = (...args: string[]) => run(t, ['npm', 'run', '--silent', ...args], { cwd, env })
  const names = await listMigrations(MIGRATIONS_FOLDER)
  const number = String(names.length + 1).padStart(4, '0')
  const fileOf = (name: string, end: string) => join(cwd, 'drizzle', `${number}_${name}${end}`)
  const write = (name: string) => {
    writeFileSync(fileOf(name, '.down.sql'), `drop table ${name}`)
    writeFileSync(fileOf(name, '.sql'), `create table ${name} (id int)`)
  }
  const tables = async () => {
    const rows = await sql`select tablename from pg_tables where tablename in ('maps', 'globes')`
    return rows.map(({ tablename }) => tablename)
  }

  const dev = await startDev(t, { cwd, env })
  await allReady(dev)
  write('maps')
  await eventually(async () => (await tables()).includes('maps'), 60_000)

  for (const end of ['.sql', '.down.sql']) rmSync(fileOf('maps', end))
  await dev.says(
    /WARN: \S+_maps is applied, but without a file here, .* npm run db:downgrade -- \S+ goes back/,
  )
  write('globes')
  await dev.says(/The API ended with exit code 1: waiting for a change\n/)
  const { stdout: status } = await npm('db:status')
  const [explanation = '', command = ''] =
    /^\S+_maps is applied, but without a file here, .* npm run (\S+ -- \S+),.*(?=\.$)/m.exec(status) ?? []
  t.match(await npm(...command.split(' ')), { code: 0, stdout: `reverted  ${number}_maps\n` })

  write('globes')
  await eventually(
    async () => (await fetch(`${dev.url}/readyz`).catch(() => undefined))?.status === 200,
    60_000,
  )
  t.strictSame(await tables(), ['globes'])
  t.notMatch((await npm('db:status')).stdout, /maps|npm run/)
  process.kill(-dev.pid, 'SIGINT')
  const { code, stderr } = await dev.ended
  t.equal(code, 0)
  t.ok(explanation && stderr.includes(explanation), 'npm run dev said the same')
})
