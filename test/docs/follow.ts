import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { copyCheckout } from '../helpers/checkout.js'
import { createEmptyDatabase } from '../helpers/database.js'
import { PACKAGE_ROOT, run } from '../helpers/process.js'

export const read = (path: string): string => readFileSync(join(PACKAGE_ROOT, path), 'utf8')

export const codeBlocks = (language: string, text: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)

/** What a `diff` block does to the file that its first line names. */
export type Change = { path: string; before: string; after: string }

/** The changes of a recipe, and its new files: `ts` blocks, whose first line is a comment with the path. */
export function stepsOf(recipe: string) {
  const changes: Change[] = codeBlocks('diff', recipe).map((block) => {
    const [first = '', ...lines] = block.trimEnd().split('\n')
    const side = (marks: string) =>
      lines
        .filter(([mark = ' ']) => marks.includes(mark))
        .map((line) => line.slice(1))
        .join('\n')
    return { path: first.replace('# ', ''), before: side(' -'), after: side(' +') }
  })
  const files = codeBlocks('ts', recipe).map((block) => ({
    path: /^\/\/ (\S+)\n/.exec(block)?.[1] ?? '',
    code: block.slice(block.indexOf('\n') + 1),
  }))
  return { changes, files, scripts: codeBlocks('sh', recipe) }
}

/** What git does not keep, and what is in `copyCheckout` already. */
const LEFT_OUT = [
  '.git',
  'node_modules',
  'src',
  ...read('.gitignore')
    .split('\n')
    .map((line) => line.replace('/', '')),
]

export type Checkout = Awaited<ReturnType<typeof copyToFollow>>

/** A copy of the repository with an empty database, to follow instructions in. */
export async function copyToFollow(t: Test) {
  const database = await createEmptyDatabase(t)
  const cwd = copyCheckout(t)
  for (const part of readdirSync(PACKAGE_ROOT).filter((name) => !LEFT_OUT.includes(name)))
    cpSync(join(PACKAGE_ROOT, part), join(cwd, part), { recursive: true })
  writeFileSync(join(cwd, 'config/config.yml'), `DATABASE_URL: ${database.url}\n`)
  const env = { DATABASE_URL: database.adminUrl }

  const succeeds = async (...command: [string, ...string[]]) => {
    const { code, stdout, stderr } = await run(t, command, { cwd })
    t.equal(code, 0, `${command.join(' ')}\n${stdout}${stderr}`)
  }
  const write = (path: string, change: string | ((text: string) => string)) => {
    const file = join(cwd, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof change === 'string' ? change : change(readFileSync(file, 'utf8')))
  }
  const isFormatted = () => succeeds('npx', 'biome', 'check', 'src', 'test', 'scripts')
  return {
    cwd,
    isFormatted,
    applies: ({ path, before, after }: Change) =>
      write(path, (text) => {
        t.ok(text.includes(before), `${path} has ${before}`)
        return text.replace(before, () => after)
      }),
    runsScript: (script = '') => succeeds('sh', '-ec', script),
    /** Formatted, typed, and with these test files green; `routes/me` is test/routes/me.test.ts. */
    passes: async (...files: string[]) => {
      await isFormatted()
      await succeeds('npx', 'tsc', '--noEmit')
      const paths = files.map((file) => `test/${file}.test.ts`)
      // One process loads the program once; other guides are followed at the same time.
      const { stdout, stderr } = await run(t, ['npm', 'test', '--', '--jobs=1', ...paths], { cwd, env })
      t.match(stdout, /\d+ passed, 0 failed/, `${stdout}${stderr}`)
    },
    /** Replaces the text of a file, or writes a new one. */
    write,
  }
}
