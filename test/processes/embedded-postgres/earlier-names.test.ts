import { renameSync } from 'node:fs'
import path from 'node:path'
import { startEmbeddedPostgres } from '../../../src/embedded-postgres/index.js'
import { newDataDir, query } from '../../helpers/embedded-dir.js'
import t from '../../tap.js'

t.test('databases whose roles have the names of earlier releases stay usable', async (t) => {
  const dataDir = newDataDir(t)
  const first = await startEmbeddedPostgres({ dataDir })
  const renames = ['role app_owner', 'role app_user', 'database app']
  const earlier = ['groundwork_owner', 'groundwork_app', 'groundwork']
  for (const [i, renamed] of renames.entries())
    await query(first.superuserUrl, `alter ${renamed} rename to ${earlier[i]}`)
  await first.stop()
  const file = (name: string) => path.join(dataDir, 'cluster', name)
  renameSync(file('credentials.json'), file('groundwork.json'))

  const second = await startEmbeddedPostgres({ dataDir })
  t.teardown(() => second.stop())
  for (const url of [second.ownerUrl, second.appUrl]) await query(url, 'select 1')
})
