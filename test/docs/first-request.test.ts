import { spawnSync } from 'node:child_process'
import { buildTestApp, PASSWORD } from '../helpers/app.js'
import { run } from '../helpers/process.js'
import t from '../tap.js'
import { codeBlocks, read } from './follow.js'

const withoutCurl = spawnSync('curl', ['--version']).error !== undefined && 'curl is not installed'

t.test('the first request of the README works unchanged', { skip: withoutCurl }, async (t) => {
  const { app, signUp } = await buildTestApp(t)
  await signUp({ role: 'super_admin', email: 'admin@example.com' })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const script = codeBlocks('sh', read('README.md')).find((block) => block.includes('curl')) ?? ''
  const adapted = script
    .replace('the one that was printed', PASSWORD)
    .replaceAll('http://localhost:3000', origin)
  const { code, stdout } = await run(t, ['sh', '-c', adapted])
  t.equal(code, 0)
  t.match(JSON.parse(stdout), { email: 'admin@example.com', role: 'super_admin' })
})
