import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyCheckout } from '../helpers/checkout.js'
import { testDatabases } from '../helpers/database.js'
import { PACKAGE_ROOT, startProcess } from '../helpers/process.js'
import t from '../tap.js'

t.test('runs the tests nearest to a change, again and again, until Ctrl-C', async (t) => {
  const cwd = copyCheckout(t)
  cpSync(join(PACKAGE_ROOT, 'test'), join(cwd, 'test'), { recursive: true })
  const command = ['node', '--import', 'tsx', 'scripts/test.ts', '--watch'] as const
  const watch = startProcess(t, command, { cwd, env: { DATABASE_URL: testDatabases().adminUrl } })
  await watch.says(/Waiting for a change/)

  // Few tests are near to it.
  const file = join(cwd, 'src/lib/http/request-id.ts')
  const source = readFileSync(file, 'utf8')
  writeFileSync(file, source.replace('{1,64}', '{1,63}'))
  const [, failed] = await watch.says(/(\d+) failed/)
  t.ok(Number(failed) > 0)
  writeFileSync(file, source)
  await watch.says(/\d+ passed, 0 failed/)
  watch.child.kill('SIGINT')
  t.equal((await watch.ended).code, 0)
})
