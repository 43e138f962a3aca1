import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyCheckout } from '../helpers/checkout.js'
import { createEmptyDatabase } from '../helpers/database.js'
import { allReady, groupOf, newPlace, startDev } from '../helpers/dev.js'
import { eventually } from '../helpers/eventually.js'
import t from '../tap.js'

const isUp = async (url: string) => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200

t.test('a change of shared files restarts everything, also with a DATABASE_URL', async (t) => {
  const { sql, url: DATABASE_MIGRATION_URL, appUrl: DATABASE_URL } = await createEmptyDatabase(t)
  const { env } = newPlace(t)
  const cwd = copyCheckout(t)
  const dev = await startDev(t, { cwd, env: { ...env, DATABASE_URL, DATABASE_MIGRATION_URL } })
  await allReady(dev)
  const [admin] = await sql`select role, status from users`
  t.strictSame({ ...admin }, { role: 'super_admin', status: 'active' }, 'the database was migrated')

  const routes = join(cwd, 'src/routes/index.ts')
  const source = readFileSync(routes, 'utf8')
  writeFileSync(routes, `${source}\nthrow new Error('a mistake')\n`)
  await dev.says(/src\/routes\/index\.ts has changed: restarting the API\n/)
  await dev.says(/The API ended with exit code 1: waiting for a change\n/)
  const refused = await fetch(dev.url)
  t.equal(refused.status, 503)
  t.equal(await refused.text(), 'The API ended with exit code 1: see the terminal of npm run dev.\n')

  writeFileSync(join(cwd, 'drizzle/9000_shelves.sql'), 'create table shelves (id integer)')
  writeFileSync(join(cwd, 'drizzle/9000_shelves.down.sql'), 'drop table shelves')
  for (const file of ['src/app.ts', 'src/server.ts', 'src/worker.ts', 'config/config.sample.yml']) {
    const path = join(cwd, file)
    writeFileSync(path, readFileSync(path))
  }
  writeFileSync(routes, source)
  await eventually(() => isUp(dev.url), 60_000)
  t.strictSame([...(await sql`select * from shelves`)], [], 'the new migration was applied')
  t.ok((dev.stdout().match(/restarting/g)?.length ?? 0) < 5, 'changes in quick succession cause one restart')
  t.equal(dev.stdout().match(/API docs/g)?.length, 1)
  process.kill(-dev.pid, 'SIGINT')
  t.equal((await dev.ended).code, 0)
  t.strictSame(groupOf(dev.pid), [])
})
