import { run } from '../helpers/process.js'
import t from '../tap.js'
import { copyToFollow, read, stepsOf } from './follow.js'

// A migration, the types twice and two test files, all in a copy.
t.setTimeout(400_000)

const { changes, files, scripts } = stepsOf(read('docs/recipes/add-a-field.md'))

t.test('the recipe adds a field, and the compiler reports a missing column', async (t) => {
  const { cwd, write, applies, runsScript, passes } = await copyToFollow(t)
  const apply = (folder: string) => {
    const ofFolder = changes.filter(({ path }) => path.startsWith(folder))
    for (const change of ofFolder) applies(change)
    return new Set(ofFolder.map(({ path }) => path)).size
  }
  const shapes = apply('src/lib/schema/')
  const { code, stdout } = await run(t, ['npx', 'tsc', '--noEmit'], { cwd })
  t.not(code, 0)
  for (const place of ['queries/accounts/users.ts', 'routes/users/index.ts', 'routes/me/index.ts'])
    t.match(stdout, place)
  t.equal(apply('src/db/') + shapes, 2, 'a field costs two files')
  await runsScript(scripts[0])
  for (const { path, code } of files) write(path, code)
  await passes('routes/phone', 'openapi')
})
