/** The architecture rules. A failure names the file, the rule it breaks, and what to do instead. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from './tap.js'

/**
 * The floors of `src`, lowest first. A folder imports only itself and lower floors. `.` stands for
 * the files directly in `src`: the assembly and the entry points.
 */
const FLOORS = [
  ['lib'],
  ['config', 'embedded-postgres', 'emails', 'rate-limit', 'tracing'],
  ['db', 'openapi'],
  ['metrics', 'views'],
  ['plugins'],
  ['routes', 'workers'],
  ['scripts'],
  ['.'],
]

/**
 * Neighbours do not import each other. A folder's `index.ts` is its table of contents and imports
 * them all.
 */
const NEIGHBOURS = [
  { neighbour: /^plugins\/\w+\/[\w-]+\.ts$/, shared: [] },
  { neighbour: /^routes\/[\w-]+(?=\/)/, shared: ['routes/index.ts'] },
  {
    neighbour: /^workers\/[\w-]+\.ts$/,
    shared: ['workers/index.ts', 'workers/schedules.ts', 'workers/processor.ts'],
  },
]

/** Lines of code: blank lines and comments do not count. */
const LONGEST = [
  { files: /^src\/plugins\//, lines: 50 },
  { files: /^src\/routes\//, lines: 200 },
  { files: /^src\/db\/queries\//, lines: 120 },
  { files: /^test\//, lines: 250 },
  // Files that are data, line by line, may be longer.
  { files: /^(src|scripts)\/(?!config\/settings\.ts)/, lines: 200 },
]

const FORBIDDEN = [
  {
    pattern: /^import (?!type )\w.* from 'tap'/,
    in: /^test\/(?!tap\.ts)/,
    except: [],
    instead:
      'import t from test/tap.js, which keeps the tests of a file together where many files share a process',
  },
  {
    pattern: /\bprocess\.env\b/,
    in: /^src\/(?!config\/)/,
    // Passes PATH and the like on to the programs of PostgreSQL; it reads no setting of this
    // project.
    except: ['src/embedded-postgres/programs.ts'],
    instead: 'add a setting to src/config/settings.ts, and take it as an option',
  },
  {
    pattern: /\bconsole\.\w+\(/,
    // Commands print to their user.
    in: /^src\/(?!scripts\/)/,
    // Reports why a process does not start, before there is a log or instead of one.
    except: ['src/process.ts'],
    instead: 'use request.log or app.log, which carry the request id',
  },
  {
    pattern: /\b(postgres|new (Client|Redis|Cluster))\(/,
    in: /^src\/(?!lib\/(database-url|redis)\/)/,
    // Reads its URL through src/lib/database-url.
    except: ['src/db/driver/listener.ts'],
    instead: 'use openPostgres or connectRedis, which read a URL like every other driver',
  },
  {
    pattern: /\bdeclare module 'fastify'/,
    in: /^(src\/(?!plugins\/)|scripts\/|test\/)/,
    except: [],
    instead: 'declare it in the plugin that makes it true, above its fp',
  },
  {
    pattern: /\bfrom 'fastify-plugin'/,
    in: /^src\/(?!plugins\/)/,
    except: [],
    instead: 'keep routes and workers encapsulated: put what others need into a plugin in src/plugins',
  },
  {
    pattern: /\s[\w-]+=\$\{/,
    in: /^src\/(views|emails)\//,
    except: [],
    instead: 'quote the attribute: what is escaped is safe within quotes only',
  },
  {
    pattern: /(?<!\.)\braw\(/,
    in: /^src\/(?!lib\/http\/html\.ts)/,
    // Style sheets, which are constants.
    except: ['src/emails/layout.ts'],
    instead: 'nest html`…`, which escapes',
  },
  {
    pattern: /\btags( =|:) \['/,
    in: /^src\/routes\//,
    except: [],
    instead: 'write `const tags: Tag[] = […]`, which the compiler checks, or declare a tag with app.tag',
  },
  {
    pattern: /\b(TODO|FIXME|XXX)\b(?!\\)/,
    in: /^(src|scripts|test|bench)\//,
    except: ['test/architecture.test.ts', 'scripts/test/count.ts'],
    instead: 'do it, or file an issue',
  },
]

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Paths in the format of the rules, with `/` as the separator on every system. */
/** A server that the benchmarks compare with has packages of its own. */
const isOfPackage = (name: string): boolean => name.includes('node_modules')

function listFiles(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true }) as string[]
  return names
    .filter((name) => name.endsWith('.ts') && !isOfPackage(name))
    .map((name) => posix.join(folder, name.split(sep).join('/')))
}

const isCode = (line: string): boolean => !/^\s*($|\/\/|\/?\*)/.test(line)

const files = new Map(
  ['src', 'scripts', 'test', 'bench'].flatMap(listFiles).map((path) => {
    const code = readFileSync(join(ROOT, path), 'utf8').split('\n').filter(isCode)
    return [path, code] as const
  }),
)

const IMPORT = /^(?:import|export|\})[^'\n]*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

/** Imports of types count, too: a dependency is one even if it is erased at run time. */
const specifiersOf = (code: string[]): string[] =>
  [...code.join('\n').matchAll(IMPORT)].flatMap(([, ...specifiers]) => specifiers.filter(Boolean))

/** The imports of each file in `src`; all paths are relative to `src`. */
const imports = new Map(
  [...files]
    .filter(([path]) => path.startsWith('src/'))
    .map(([path, code]) => {
      const relative = specifiersOf(code).filter((specifier) => specifier.startsWith('.'))
      const targets = relative.map((specifier) =>
        posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts'),
      )
      return [path.slice('src/'.length), targets.map((target) => target.slice('src/'.length))] as const
    }),
)

const edges = [...imports].flatMap(([from, targets]) => targets.map((to) => ({ from, to })))

t.test('imports only point to lower floors', async (t) => {
  const topOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '.')
  for (const { from, to } of edges) {
    const [folder, target] = [topOf(from), topOf(to)]
    const [floor, below] = [folder, target].map((name) => FLOORS.findIndex((names) => names.includes(name)))
    if (floor === -1 || below === -1) {
      t.fail(`src/${folder} or src/${target} has no floor yet: add it to FLOORS in test/architecture.test.ts`)
    } else if (folder !== target && Number(floor) <= Number(below)) {
      t.fail(
        `src/${from} imports src/${to}, which is not on a lower floor. ` +
          'Move what both need to a lower floor (src/lib is the lowest), or reach it as app.x.',
      )
    }
  }
  t.ok(edges.length > 100)
})

t.test('neighbours on one floor do not import each other', async (t) => {
  for (const { neighbour, shared } of NEIGHBOURS) {
    const isShared = (path: string) => (shared as string[]).includes(path)
    for (const { from, to } of edges) {
      const [one, other] = [from, to].map((path) => neighbour.exec(path)?.[0])
      if (!one || !other || one === other || isShared(from) || isShared(to)) continue
      t.fail(
        `src/${from} imports src/${to}, its neighbour. Move what both need to a lower floor, or reach it as app.x.`,
      )
    }
  }
})

/** The cycles of a graph, each as the path that leads back to its start. */
function cyclesOf(graph: Map<string, Iterable<string>>): string[][] {
  const done = new Set<string>()
  const cycles: string[][] = []
  const visit = (node: string, trail: string[]): void => {
    const start = trail.indexOf(node)
    if (start !== -1) cycles.push([...trail.slice(start), node])
    else if (!done.has(node)) {
      for (const target of graph.get(node) ?? []) visit(target, [...trail, node])
      done.add(node)
    }
  }
  for (const node of graph.keys()) visit(node, [])
  return cycles
}

t.test('the import graph of files has no cycle', async (t) => {
  for (const cycle of cyclesOf(imports))
    t.fail(`a cycle: src/${cycle.join(' → src/')}. Move what they share to a separate file.`)
})

t.test('the import graph of folders has no cycle', async (t) => {
  const folders = new Map<string, Set<string>>()
  for (const { from, to } of edges) {
    const [folder, target] = [posix.dirname(from), posix.dirname(to)]
    if (folder !== target) folders.set(folder, (folders.get(folder) ?? new Set()).add(target))
  }
  for (const cycle of cyclesOf(folders))
    t.fail(`a cycle: src/${cycle.join(' → src/')}. Move what closes it to a lower folder.`)
})

t.test('code with a designated place appears nowhere else', async (t) => {
  for (const { pattern, in: where, except, instead } of FORBIDDEN) {
    for (const [path, code] of files) {
      if (!where.test(path) || (except as string[]).includes(path)) continue
      const line = code.find((text) => pattern.test(text))
      if (line) t.fail(`${path} has: ${line.trim()}\nInstead, ${instead}.`)
    }
  }
})

t.test('each plugin is one fp() named after its file', async (t) => {
  for (const [path, code] of files) {
    const [, name] = /^src\/plugins\/\w+\/([\w-]+)\.ts$/.exec(path) ?? []
    if (!name) continue
    const declared = /\bexport default fp\(\w+, \{\s*name: '([\w-]+)'/.exec(code.join('\n'))?.[1]
    if (declared !== name)
      t.fail(`${path} must end with: export default fp(…, { name: '${name}', dependencies: […] })`)
  }
})

t.test('each folder of routes exports its routes as the default export of its index.ts', async (t) => {
  const folders = new Set(
    [...imports.keys()].flatMap((path) => /^routes\/[\w-]+(?=\/)/.exec(path)?.[0] ?? []),
  )
  for (const folder of folders) {
    const code = files.get(`src/${folder}/index.ts`)?.join('\n') ?? ''
    if (!/^export default /m.test(code))
      t.fail(`src/${folder}/index.ts must export default the plugin that declares its routes`)
    if (!imports.get('routes/index.ts')?.includes(`${folder}/index.ts`))
      t.fail(`src/routes/index.ts does not register src/${folder}`)
  }
  t.ok(folders.size > 4)
})

t.test('code that runs in production imports no development dependency', async (t) => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  // Formats log lines for a terminal; without it lines are JSON.
  const allowed = [...Object.keys(dependencies), 'pino-pretty']
  for (const [path, code] of files) {
    if (!path.startsWith('src/')) continue
    for (const specifier of specifiersOf(code).filter((name) => !/^(\.|node:)/.test(name))) {
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
      if (!allowed.includes(name))
        t.fail(`${path} imports ${name}, which is not in "dependencies" of package.json`)
    }
  }
})

t.test('files stay within their line limits', async (t) => {
  for (const [path, code] of files) {
    const limit = LONGEST.find(({ files }) => files.test(path))
    if (limit && code.length > limit.lines) {
      t.fail(
        `${path} has ${code.length} lines of code, and the limit is ${limit.lines}. Keep one idea in a file: move the second to another one.`,
      )
    }
  }
})

/** See CONTRIBUTING.md, code style: V8 keeps such a closure, and all that it refers to, for long. */
const ASSIGNED_CLOSURE = /\bthis\.\w+ (\?\?)?= (async )?(\([^)]*\)|\w+) =>/

t.test('no closure is assigned to a property of an object', async (t) => {
  // Runs once, when the pool closes.
  const allowed = ['src/db/driver/pool.ts']
  t.ok(ASSIGNED_CLOSURE.test('this.resolve = (x) => x'))
  for (const [path, code] of files) {
    const isKept = path.startsWith('src/') && code.some((line) => ASSIGNED_CLOSURE.test(line))
    if (isKept && !allowed.includes(path)) t.fail(`${path} assigns a closure to a property: use a method`)
  }
})
