/** The bare servers of the benchmarks are plain JavaScript, which the compiler does not check. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './helpers/process.js'
import t from './tap.js'

const FOLDER = join(PACKAGE_ROOT, 'bench/bare')

for (const file of readdirSync(FOLDER)) {
  t.test(`bench/bare/${file} imports what the build has`, async (t) => {
    const text = readFileSync(join(FOLDER, file), 'utf8')
    const imports = [...text.matchAll(/^import (.+) from '\.\.\/\.\.\/dist\/(.+)\.js'$/gm)]
    t.ok(imports.length > 0)
    for (const [, names = '', path] of imports) {
      const module = await import(join(PACKAGE_ROOT, `src/${path}.ts`))
      for (const name of names.startsWith('{') ? (names.match(/\w+/g) ?? []) : ['default'])
        t.ok(name in module, `${name} of ${path}`)
    }
  })
}
