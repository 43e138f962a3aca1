import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { buildTestApp, PASSWORD } from './helpers/app.js'
import { copyCheckout } from './helpers/checkout.js'
import { createEmptyDatabase } from './helpers/database.js'
import { PACKAGE_ROOT, run } from './helpers/process.js'

// The last test follows docs/adding-a-resource.md in a copy: two migrations, the types and four
// test files.
t.setTimeout(400_000)

const read = (path: string) => readFileSync(join(PACKAGE_ROOT, path), 'utf8')

const documents = [
  'README.md',
  'AGENTS.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...readdirSync(join(PACKAGE_ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Documents whose every command is run by a test. */
const instructions = [
  'README.md',
  'AGENTS.md',
  'docs/commands.md',
  'docs/adding-a-resource.md',
  'docs/migrations.md',
]
const allInstructions = instructions.map(read).join('\n')

const resourceSteps = read('docs/adding-a-resource.md')
const codeBlocks = (language: string, text: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)

/** The proof of each command: a file that runs it and the words with which it does. */
const PROOFS: [command: RegExp, file: string, words: string][] = [
  [/^npm install$|^npm ci$/, '.ci/run', 'npm ci'],
  [/^npm run dev$/, 'test/helpers/dev.ts', 'scripts/dev.ts'],
  [/^npm test( -- test\/routes\/me\.test\.ts)?$/, '.ci/run', 'npm test'],
  [/^npm run (check|build)$/, '.ci/run', '$1'],
  [/^npm run (lint|typecheck|db:check)$/, 'package.json', 'npm run $1'],
  [/^npm run format$/, 'lefthook.yml', 'biome check --write'],
  [/^npm run worker$|^npm start$/, 'package.json', 'node dist/worker.js'],
  [/^(node dist\/(server|worker)\.js)$/, '.ci/production.ts', '$1'],
  [/^node (dist\/scripts\/(db|create-user|env-file)\.js)/, '.ci/production.ts', '$1'],
  [/^npm run (db:generate|db:downgrade)( -- .*)?$/, 'test/scripts/db.test.ts', "npm('$1'"],
  [/^npm run (db:upgrade|db:status)$/, 'test/scripts/db.test.ts', "npm('$1'"],
  [/^npx tsx scripts\/create-user\.ts$/, 'test/scripts/create-user.test.ts', 'scripts/create-user.ts'],
  [/^npm run (jobs) -- list --failed$/, 'test/scripts/jobs.test.ts', "npm('$1'"],
  [/^npm run (audit:verify|audit:seal|audit:keys)$/, 'test/scripts/audit.test.ts', '$1'],
  [/^npm run (audit:erase) -- --user /, 'test/scripts/audit-erase.test.ts', '$1'],
  [/^npm run (jwt:key)$/, '.ci/production.ts', '$1'],
  [/^npm run (docs:settings)$/, 'test/config/documents.test.ts', '$1'],
  [/^npm run bench -- me$/, 'bench/me.ts', 'GET /me'],
]

t.test('every file named in the documents exists, and every link leads somewhere', async (t) => {
  for (const document of documents) {
    const text = read(document).replace(/^```.*?^```/gms, '')
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => join(dirname(document), path))
    const named = [...text.matchAll(/`((?:src|test|scripts|drizzle|bench)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    )
    const missing = [...links, ...named].filter((path) => !existsSync(join(PACKAGE_ROOT, path)))
    t.strictSame(missing, [], document)
  }
})

/** The anchor that GitHub derives from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

t.test('every link to a heading finds it', async (t) => {
  for (const document of documents) {
    for (const [link, path, anchor] of read(document).matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)) {
      const target = path ? join(dirname(document), path) : document
      const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
      t.ok(headings.includes(anchor ?? ''), `${document}: ${link}`)
    }
  }
})

const LINE_LENGTH = 100

/** Lines that cannot be shorter: headings, tables, a single link or URL. */
const isUnbreakable = (line: string): boolean =>
  /^(#|\s*\|)/.test(line) || /^\s*([-*] )?(\[[^\]]*\]\(\S+\)|<?https?:\S+)[.,:;]?$/.test(line)

t.test('lines of prose have at most 100 characters', async (t) => {
  for (const document of documents) {
    const prose = read(document)
      .replace(/^ *```.*?^ *```/gms, '')
      .replace(/<!--.*?-->/gs, '')
    const long = prose.split('\n').filter((line) => line.length > LINE_LENGTH && !isUnbreakable(line))
    t.strictSame(long, [], document)
  }
})

t.test('every command is run by a test or by .ci/run, and none is missing', async (t) => {
  const inline = [...allInstructions.matchAll(/`((?:npm|npx|node) [^`]+)`/g)].map(
    ([, command = '']) => command,
  )
  const lines = codeBlocks('sh', allInstructions).flatMap((block) => block.split(/\n|&&/))
  const commands = [...inline, ...lines.filter((line) => /^\s*(npm|npx|node) /.test(line))]
  for (const command of commands.map((command) => command.trim())) {
    const proof = PROOFS.find(([pattern]) => pattern.test(command))
    t.ok(proof, `${command} has a proof`)
    if (!proof) continue
    const [pattern, file, words] = proof
    const wanted = words.replace('$1', pattern.exec(command)?.[1] ?? '')
    t.ok(existsSync(join(PACKAGE_ROOT, file)) && read(file).includes(wanted), `${file} runs ${command}`)
  }
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const unknown = Object.keys(scripts).filter((name) => !read('docs/commands.md').includes(`npm run ${name}`))
  t.strictSame(
    unknown,
    ['start', 'test'],
    'docs/commands.md names every script; start and test have short forms',
  )
})

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

const [, listed = ''] =
  /take every line that has `project` in it out of (.*?), and then:/.exec(
    resourceSteps.replace(/\s+/g, ' '),
  ) ?? []
const linesOfProjects = [...listed.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path)

t.test("the guide's steps add a resource, and the example can be deleted", async (t) => {
  const database = await createEmptyDatabase(t)
  const cwd = copyCheckout(t)
  const written = ['docs', 'bench', 'biome.json', '.gitignore', 'test']
  for (const part of written) cpSync(join(PACKAGE_ROOT, part), join(cwd, part), { recursive: true })
  writeFileSync(join(cwd, 'config/config.yml'), `DATABASE_URL: ${database.url}\n`)
  followSteps(cwd)
  const script = (words: string) =>
    codeBlocks('sh', resourceSteps).find((block) => block.includes(words)) ?? ''
  await succeeds(t, ['sh', '-ec', script('add_notes')], { cwd })
  takeProjectLines(cwd)
  await succeeds(t, ['sh', '-ec', script('drop_projects')], { cwd })
  await succeeds(t, ['npx', 'biome', 'check', 'src', 'test', 'scripts'], { cwd })
  await succeeds(t, ['npx', 'tsc', '--noEmit'], { cwd })
  const files = ['routes/notes', 'matrix/matrix', 'architecture', 'tenant-tables']
  const test = ['npm', 'test', '--', ...files.map((file) => `test/${file}.test.ts`)] as const
  const { stdout } = await succeeds(t, test, { cwd, env: { DATABASE_URL: database.adminUrl } })
  t.match(stdout, /\d+ passed, 0 failed/)
})

/** Writes the files of the steps and inserts the single lines where the text says. */
function followSteps(cwd: string): void {
  for (const block of codeBlocks('ts', resourceSteps)) {
    const [first = '', ...lines] = block.split('\n')
    const [, path = '', isAdded] = /^\/\/ (\S+?)(, \w+ lines? more)?$/.exec(first) ?? []
    const file = join(cwd, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, isAdded ? withLines(readFileSync(file, 'utf8'), lines.join('\n')) : lines.join('\n'))
  }
}

/**
 * Inserts lines at the head of the permission table, before the first route (with its import), or
 * at the end.
 */
function withLines(text: string, lines: string): string {
  const table = /^export const (PERMISSIONS)\b.*\{\n/m.exec(text)
  if (table) return text.replace(table[0], `${table[0]}${lines}`)
  if (!lines.includes('noteRoutes')) return `${text}${lines}`
  return `import noteRoutes from './notes/index.js'\n${text.replace(/(?=\n *await api\.register\()/, `\n${lines}`)}`
}

/** Removes the lines of the example from the files that the text names. */
function takeProjectLines(cwd: string): void {
  for (const path of linesOfProjects) {
    const lines = readFileSync(join(cwd, path), 'utf8').split('\n')
    writeFileSync(join(cwd, path), lines.filter((line) => !/project/i.test(line)).join('\n'))
  }
}

async function succeeds(
  t: Test,
  command: readonly [string, ...string[]],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
) {
  const ended = await run(t, command, options)
  t.equal(ended.code, 0, `${command.join(' ')}\n${ended.stdout}${ended.stderr}`)
  return ended
}
