import t from '../tap.js'
import { codeBlocks, copyToFollow, read } from './follow.js'

// A migration, the types and six test files, all in a copy.
t.setTimeout(400_000)

const section =
  /^## Deleting the example$.*?(?=^## |$(?![\s\S]))/ms.exec(read('docs/adding-a-resource.md'))?.[0] ?? ''

t.test('the example can be deleted, and the tests that remain do not need it', async (t) => {
  const { write, runsScript, passes } = await copyToFollow(t)
  const [, listed = ''] =
    /line that has `project` in it out of (.*?), and then:/.exec(section.replace(/\s+/g, ' ')) ?? []
  const paths = [...listed.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path)
  t.equal(paths.length, 3)
  for (const path of paths) write(path, (text) => text.replace(/^.*project.*\n/gim, ''))
  write('docs/adding-a-resource.md', (text) => text.replace(section, '').trimEnd().concat('\n'))
  await runsScript(codeBlocks('sh', section)[0])
  const ofOrganizations = ['routes/organization-races', 'routes/organization-deletion']
  await passes('documents', 'matrix/matrix', 'architecture', 'tenant-tables', ...ofOrganizations)
})
