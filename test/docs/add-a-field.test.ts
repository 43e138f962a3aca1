import { run } from '../helpers/process.js'
import t from '../tap.js'
import { codeBlocks, copyToFollow, read } from './follow.js'

// A migration, the types twice and two test files, all in a copy.
t.setTimeout(400_000)

const recipe = read('docs/recipes/add-a-field.md')
const changes = codeBlocks('diff', recipe).map((block) => {
  const [first = '', ...lines] = block.trimEnd().split('\n')
  const side = (marks: string) =>
    lines
      .filter(([mark = ' ']) => marks.includes(mark))
      .map((line) => line.slice(1))
      .join('\n')
  return { path: first.replace('# ', ''), before: side(' -'), after: side(' +') }
})
const [test = ''] = codeBlocks('ts', recipe)
const [generate] = codeBlocks('sh', recipe)

t.test('the recipe adds a field, and the compiler reports a missing column', async (t) => {
  const { cwd, write, runsScript, passes } = await copyToFollow(t)
  const apply = (folder: string) => {
    const ofFolder = changes.filter(({ path }) => path.startsWith(folder))
    for (const { path, before, after } of ofFolder)
      write(path, (text) => {
        t.ok(text.includes(before), `${path} has ${before}`)
        return text.replace(before, () => after)
      })
    return new Set(ofFolder.map(({ path }) => path)).size
  }
  const shapes = apply('src/lib/schema/')
  const { code, stdout } = await run(t, ['npx', 'tsc', '--noEmit'], { cwd })
  t.not(code, 0)
  for (const place of ['queries/accounts/users.ts', 'routes/users/index.ts', 'routes/me/index.ts'])
    t.match(stdout, place)
  t.equal(apply('src/db/') + shapes, 2, 'a field costs two files')
  await runsScript(generate)
  write(/^\/\/ (\S+)/.exec(test)?.[1] ?? '', test.slice(test.indexOf('\n') + 1))
  await passes('routes/phone', 'openapi')
})
