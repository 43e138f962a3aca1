import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyCheckout } from '../helpers/checkout.js'
import { run } from '../helpers/process.js'
import t from '../tap.js'

t.test('refuses in one line, and writes nothing', async (t) => {
  const cwd = copyCheckout(t)
  const init = async (...args: string[]) => run(t, ['npm', 'run', '--silent', 'init', '--', ...args], { cwd })
  const product = join(cwd, 'src/lib/product.ts')
  const before = readFileSync(product, 'utf8')
  t.match(await init('--name', '2acme'), { code: 1, stderr: 'the name "2acme" must begin with a letter\n' })
  t.match(await init(), { code: 1, stderr: 'the name is missing: --name acme\n' })
  t.match(await init('--name', 'acme', '--without', 'kitchen'), {
    code: 1,
    stderr: /^there is no feature "kitchen".*\n$/,
  })
  writeFileSync(join(cwd, 'starter.json'), '{ "name": "acme" }')
  const twice = 'this is acme already, says starter.json: a product is made once, from the starter\n'
  t.match(await init('--name', 'other'), { code: 1, stderr: twice })
  t.equal(readFileSync(product, 'utf8'), before)
})
