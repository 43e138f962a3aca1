import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { concerns, notesAfter } from '../scripts/upgrade/notes.js'
import { PACKAGE_ROOT } from './helpers/process.js'
import t from './tap.js'

const read = (path: string) => readFileSync(join(PACKAGE_ROOT, path), 'utf8')

// A product versions itself as it likes.
const skip = existsSync(join(PACKAGE_ROOT, 'starter.json')) && 'only the starter has releases'

const CHANGELOG = `# Changelog

## [Unreleased]

### Added

- \`src/app.ts\`: not a note.

## [1.1.0] - 2027-01-15

### Upgrading

- \`src/plugins/auth\`, \`src/app.ts\`: read
  \`request.caller\`.
- Node 22 is needed.

### Fixed

- A thing.

## [1.0.0] - 2026-12-01

### Upgrading

- \`src/app.ts\`: older.
`

t.test('upgrade notes are the points below Upgrading of the later releases', async (t) => {
  const notes = notesAfter(CHANGELOG, '1.0.0')
  t.strictSame(notes, [
    { release: '1.1.0', paths: ['src/plugins/auth', 'src/app.ts'], text: 'read `request.caller`.' },
    { release: '1.1.0', paths: [], text: 'Node 22 is needed.' },
  ])
  t.equal(notesAfter(CHANGELOG, '1.1.0').length, 0)
  t.equal(notesAfter(CHANGELOG, '0.9.0').length, 3)
})

t.test('a note is about a file or about everything in a folder', async (t) => {
  const [note = { release: '', paths: [], text: '' }] = notesAfter(CHANGELOG, '1.0.0')
  t.ok(concerns(note, 'src/app.ts'))
  t.ok(concerns(note, 'src/plugins/auth/session.ts'))
  t.notOk(concerns(note, 'src/plugins/authority.ts'))
  t.notOk(concerns(note, 'src/app.test.ts'))
})

t.test('the changelog has a dated section for each release, newest first', { skip }, async (t) => {
  const headings = [...read('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading)
  const [unreleased, ...released] = headings
  t.equal(unreleased, '[Unreleased]')
  const versions = released.map((heading) => /^\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/.exec(heading)?.[1])
  t.notOk(versions.includes(undefined), `${released}`)
  t.equal(versions[0], JSON.parse(read('package.json')).version)
  const sorted = [...versions].sort((one = '', other = '') =>
    other.localeCompare(one, 'en', { numeric: true }),
  )
  t.strictSame(versions, sorted)
})

t.test('upgrade notes name their files in a way that a program can read', { skip }, async (t) => {
  const notes = notesAfter(read('CHANGELOG.md'), '')
  for (const { paths, text } of notes) {
    t.notMatch(text, /^`[\w./-]+`[^:]{0,40}:/, 'paths are separated by commas, and followed by a colon')
    for (const path of paths) t.match(path, /^[\w.-]+(\/[\w.-]+)*$/)
  }
  t.ok(notes.length > 0)
})

t.test('each codemod belongs to a release, and exports a function', { skip }, async (t) => {
  const folder = join(PACKAGE_ROOT, 'upgrades')
  const files = existsSync(folder) ? readdirSync(folder) : []
  for (const file of files) {
    t.match(file, /^\d+\.\d+\.\d+\.ts$/)
    const { default: codemod } = await import(pathToFileURL(join(folder, file)).href)
    t.type(codemod, 'function', file)
  }
})
