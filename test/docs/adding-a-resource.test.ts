import t from '../tap.js'
import { codeBlocks, copyToFollow, read } from './follow.js'

// A migration, the types and four test files, all in a copy.
t.setTimeout(400_000)

const guide = read('docs/adding-a-resource.md')

t.test('the steps of the guide add a resource', async (t) => {
  const { write, runsScript, passes } = await copyToFollow(t)
  for (const block of codeBlocks('ts', guide)) {
    const [first = '', ...lines] = block.split('\n')
    const [, path = '', isAdded] = /^\/\/ (\S+?)(, \w+ lines? more)?$/.exec(first) ?? []
    const code = lines.join('\n')
    write(path, isAdded ? (text) => withLines(text, code) : code)
  }
  await runsScript(codeBlocks('sh', guide).find((block) => block.includes('add_notes')))
  await runsScript('npm run format && npm run docs:settings')
  await passes('routes/notes', 'matrix/matrix', 'architecture', 'tenant-tables')
})

/** Inserts lines at the head of the permission table, or before the first route, with its import. */
function withLines(text: string, lines: string): string {
  const table = /^export const (PERMISSIONS)\b.*\{\n/m.exec(text)
  if (table) return text.replace(table[0], `${table[0]}${lines}`)
  return `import noteRoutes from './notes/index.js'\n${text.replace(/(?=\n *await api\.register\()/, `\n${lines}`)}`
}
