import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PACKAGE_ROOT } from './helpers/process.js'
import t from './tap.js'

const read = (path: string) => readFileSync(join(PACKAGE_ROOT, path), 'utf8')

const documents = [
  'README.md',
  'AGENTS.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...(readdirSync(join(PACKAGE_ROOT, 'docs'), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

t.test('every file that the documents name or link to exists', async (t) => {
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
