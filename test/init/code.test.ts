import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { takeOutCode } from '../../scripts/init/code.js'
import t, { type Test } from '../tap.js'

/** Takes `src/gone.ts` out of a tree with one other file, and returns what that is then. */
function left(t: Test, code: string, cuts: string[] = []): string {
  const folder = t.testdir({ src: { 'a.ts': code } })
  takeOutCode(folder, new Set(['src/gone.ts']), cuts.length > 0 ? { 'src/a.ts': cuts } : {})
  return readFileSync(join(folder, 'src/a.ts'), 'utf8')
    .replace(/(?<=\S) {2,}/g, ' ')
    .replace(/\n\s*\n/g, '\n')
    .trim()
}

t.test('takes out the import of a file that is gone, and what uses it', async (t) => {
  const code = `import { one } from './kept.js'
import gone, { other } from './gone.js'
/** About it. */
const made = gone(one)
register(made)
register(one)
if (one) register(other)
export const list = [one, other]
export const table = { one, gone, other: other(1), last: one }
type Kept = string
`
  t.equal(
    left(t, code),
    `import { one } from './kept.js'
register(one)
export const list = [one]
export const table = { one, last: one }
type Kept = string`,
  )
})

t.test('takes out what only the code that went has used, and nothing else', async (t) => {
  const code = `import { helper, kept } from './kept.js'
import { gone } from './gone.js'
const { a, b } = kept
const unused = 1
function prepare() { return helper(b) }
gone(prepare())
show(a)
`
  t.equal(
    left(t, code),
    `import { kept } from './kept.js'
const { a } = kept
const unused = 1
show(a)`,
  )
})

t.test('cuts what begins with given words: properties, elements, members of unions', async (t) => {
  const code = `export type Name = 'one' | 'two' | 'three'
export const names = ['one', 'two']
export const table = {
  one: 1,
  /** Two. */
  two: 2,
}
`
  t.equal(
    left(t, code, ["'two'", 'two:']),
    `export type Name = 'one' | 'three'
export const names = ['one']
export const table = {
  one: 1,
}`,
  )
  t.throws(() => left(t, code, ['four:']), { message: 'src/a.ts has no code that begins with "four:"' })
})

t.test('follows exported names into other files, and removes a test without tests', async (t) => {
  const folder = t.testdir({
    src: {
      'a.ts': "import { gone } from './gone.js'\nexport const made = gone()\nexport const kept = 1\n",
      'b.ts': "import { kept, made } from './a.js'\nuse(made)\nuse(kept)\n",
    },
    test: {
      'a.test.ts': "import { made } from '../src/a.js'\nt.test('made', () => { check(made) })\n",
      'b.test.ts':
        "import { kept, made } from '../src/a.js'\nt.test('made', () => { check(made) })\nt.test('kept', () => { check(kept) })\n",
    },
  })
  takeOutCode(folder, new Set(['src/gone.ts']), {})
  const read = (path: string) => readFileSync(join(folder, path), 'utf8').trim()
  t.equal(read('src/a.ts'), 'export const kept = 1')
  t.equal(read('src/b.ts').replace(/\n+/g, '\n'), "import { kept } from './a.js'\nuse(kept)")
  t.notOk(existsSync(join(folder, 'test/a.test.ts')))
  t.notMatch(read('test/b.test.ts'), 'made')
  t.match(read('test/b.test.ts'), 'check(kept)')
})
