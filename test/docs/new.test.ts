import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'
import { copyToFollow } from './follow.js'

// Generated migrations, the types and the tests of two resources, in a copy.
t.setTimeout(600_000)

/** The files below the folders that the commands write into, with their text. */
const filesOf = (cwd: string): Map<string, string> =>
  new Map(
    ['src', 'drizzle', 'docs', 'test'].flatMap((folder) =>
      readdirSync(join(cwd, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path, readFileSync(path, 'utf8')] as const),
    ),
  )

const npm = (t: Test, cwd: string, script: 'new' | 'new:field', ...args: string[]) =>
  run(t, ['npm', 'run', '--silent', script, '--', ...args], { cwd })

t.test('makes a resource of an organization, one of a user, and a further field', async (t) => {
  const { cwd, passes, runsScript, write } = await copyToFollow(t)
  const before = filesOf(cwd)
  const untouched = (what: string) =>
    t.strictSame(filesOf(cwd), before, `${what} leaves every file as it was`)
  const refused = await npm(t, cwd, 'new', 'notes', '--fields', 'secret:text')
  t.match(refused, { code: 1, stdout: '', stderr: /^new: secret looks like a secret.*\n$/ })
  untouched('a refusal')

  const notes = ['notes', '--fields', 'text:text, done:boolean=false, dueAt:timestamp?'] as const
  const permissions = join(cwd, 'docs/organizations.md')
  const document = readFileSync(permissions, 'utf8')
  write('docs/organizations.md', (text) => text.replace('<!-- permissions:end -->', ''))
  before.set(permissions, readFileSync(permissions, 'utf8'))
  t.match(await npm(t, cwd, 'new', ...notes), {
    code: 1,
    stderr: /^new: nothing was changed.*permissions:end/,
  })
  untouched('a failure after the migration')
  write('docs/organizations.md', document)

  const made = await npm(t, cwd, 'new', ...notes)
  t.match(made, { code: 0, stdout: /_add_notes\.sql\n.*test\/routes\/notes\.test\.ts\n/s }, made.stderr)
  const drafts = ['drafts', '--owner', 'user', '--fields', 'title:line, day:date, price:numeric(8,2)?']
  t.match(await npm(t, cwd, 'new', ...drafts), { code: 0 })
  t.match(await npm(t, cwd, 'new:field', 'notes', 'priority:enum(low,high)=low'), { code: 0 })

  await passes('routes/notes', 'routes/drafts', 'tenant-tables', 'config/documents')
  await runsScript(
    'npm run db:upgrade && npm run db:downgrade -- -3 && npm run db:upgrade && npm run db:check',
  )
})
