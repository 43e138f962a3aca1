import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadedBy } from '../../scripts/imports.js'
import { PACKAGE_ROOT, run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

const ROOT_URL = pathToFileURL(PACKAGE_ROOT).href

/** The files of src that Node loads, as its coverage reports them, for a start that fails after that. */
async function reallyLoadedBy(t: Test, entry: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'loaded-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const env = { NODE_V8_COVERAGE: folder, CONFIG_FILE: 'off', LOG_FILE_PATH: 'off' }
  const { code } = await run(t, ['node', '--import', 'tsx', entry], {
    env: { ...env, DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' },
  })
  t.equal(code, 1)
  const reports = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
  const urls: string[] = reports.flatMap(({ result }) => result.map(({ url }: { url: string }) => url))
  const files = urls.filter((url) => url.startsWith(`${ROOT_URL}src/`))
  return [...new Set(files.map((url) => url.slice(ROOT_URL.length).replace(/\?.*/, '')))]
}

for (const { entry, other } of [
  { entry: 'src/server.ts', other: 'src/workers/index.ts' },
  { entry: 'src/worker.ts', other: 'src/routes/index.ts' },
])
  t.test(`a change of any file that ${entry} loads restarts it`, async (t) => {
    const { files } = loadedBy(entry)
    const really = await reallyLoadedBy(t, entry)
    t.ok(really.length > 200)
    t.strictSame(
      really.filter((file) => !files.has(file)),
      [],
    )
    t.notOk(files.has(other))
    t.notOk(files.has('src/emails/mail-types.ts'), 'types are not loaded')
  })
