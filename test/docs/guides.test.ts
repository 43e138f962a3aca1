import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT, run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'
import { type Checkout, codeBlocks, copyToFollow, read, stepsOf } from './follow.js'

// Types, migrations and tests: minutes on a busy machine.
t.setTimeout(600_000)

/** It is followed in two halves, because its code does not compile halfway. */
const FIELD = 'add-a-field.md'

// One copy for all, because checking its types costs more than everything else.
t.test('a team follows every guide, one after the other', async (t) => {
  const copy = await copyToFollow(t)
  await addField(t, copy)
  const recipes = readdirSync(join(PACKAGE_ROOT, 'docs/recipes'))
  const tests = recipes.map((recipe) => testOf(t, recipe))
  for (const recipe of recipes.filter((name) => name !== FIELD)) await follow(copy, recipe)
  // Before the next guide, which runs the formatter.
  await copy.isFormatted()
  await addResource(copy)
  const others = ['architecture', 'emails', 'openapi', 'matrix/matrix', 'config/documents', 'tenant-tables']
  await copy.passes(...tests, 'routes/notes', ...others)
})

async function addField(t: Test, { cwd, write, applies, runsScript }: Checkout) {
  const { changes, files, scripts } = stepsOf(read(`docs/recipes/${FIELD}`))
  const apply = (folder: string) => {
    const ofFolder = changes.filter(({ path }) => path.startsWith(folder))
    for (const change of ofFolder) applies(change)
    return new Set(ofFolder.map(({ path }) => path)).size
  }
  const shapes = apply('src/lib/schema/')
  const { code, stdout } = await run(t, ['npx', 'tsc', '-p', 'tsconfig.build.json', '--noEmit'], { cwd })
  t.not(code, 0, 'the compiler reports a missing column')
  for (const place of ['queries/accounts/users.ts', 'routes/users/index.ts', 'routes/me/index.ts'])
    t.match(stdout, place)
  t.equal(apply('src/db/') + shapes, 2, 'a field costs two files')
  for (const { path, code } of files) write(path, code)
  await runsScript(scripts.find((script) => script.includes('add_users_phone')))
}

function testOf(t: Test, recipe: string): string {
  const paths = stepsOf(read(`docs/recipes/${recipe}`)).files.map(({ path }) => path)
  const tests = paths.filter((path) => path.startsWith('test/'))
  t.equal(tests.length, 1, `${recipe} has a test`)
  return String(tests[0]).replace(/^test\/|\.test\.ts$/g, '')
}

async function follow({ write, applies, runsScript }: Checkout, recipe: string) {
  const { changes, files, scripts } = stepsOf(read(`docs/recipes/${recipe}`))
  for (const change of changes) applies(change)
  for (const { path, code } of files) write(path, code)
  for (const script of scripts) await runsScript(script)
}

async function addResource({ write, runsScript }: Checkout) {
  const guide = read('docs/adding-a-resource.md')
  for (const block of codeBlocks('ts', guide)) {
    const [first = '', ...lines] = block.split('\n')
    const [, path = '', isAdded] = /^\/\/ (\S+?)(, \w+ lines? more)?$/.exec(first) ?? []
    const code = lines.join('\n')
    write(path, isAdded ? (text) => withLines(text, code) : code)
  }
  await runsScript(codeBlocks('sh', guide).find((block) => block.includes('add_notes')))
  await runsScript('npm run format && npm run docs:settings')
}

/** Inserts lines at the head of the permission table, or before the first route, with its import. */
function withLines(text: string, lines: string): string {
  const table = /^export const (PERMISSIONS)\b.*\{\n/m.exec(text)
  if (table) return text.replace(table[0], `${table[0]}${lines}`)
  return `import noteRoutes from './notes/index.js'\n${text.replace(/(?=\n *await api\.register\()/, `\n${lines}`)}`
}
