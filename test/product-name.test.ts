/** The product's name stands in one place, so that a new name takes one change and breaks no signature. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './helpers/process.js'
import t from './tap.js'

const NAME = /groundwork/i

const FOLDERS = ['.ci', '.github', 'config', 'drizzle', 'scripts', 'src', 'test']
const FILES = ['biome.json', 'compose.yaml', 'Dockerfile', 'lefthook.yml', 'tsconfig.json']

/** `npm run init` renames these. Documents may use the name, too. */
const RENAMED = ['src/lib/product.ts', 'compose.yaml', 'config/config.sample.yml', 'config/config.yml']

/** The number of lines that read what was written before signed texts and names of roles lost the name. */
const EARLIER = {
  'src/embedded-postgres/cluster.ts': 2,
  'test/processes/embedded-postgres/earlier-names.test.ts': 2,
  'src/lib/audit/audit-records.ts': 1,
  'src/lib/auth/mailed-tokens.ts': 2,
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(PACKAGE_ROOT.length))

t.test("the product's name is only where it may be", async (t) => {
  const isAllowed = (file: string) => RENAMED.includes(file) || file === 'test/product-name.test.ts'
  const checked = [...FOLDERS.flatMap(filesIn), ...FILES].filter((file) => !isAllowed(file))
  const named = checked.flatMap((file) => {
    const lines = readFileSync(join(PACKAGE_ROOT, file), 'utf8').split('\n')
    const count = lines.filter((line) => NAME.test(line)).length
    return count > 0 ? [[file, count] as const] : []
  })
  t.strictSame(Object.fromEntries(named), EARLIER, 'PRODUCT of src/lib/product.ts is the name')
})
