import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { Node, Project, type SourceFile, SyntaxKind } from 'ts-morph'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { namesDeclaredBy, partAround, type Range, rangeOf, usesOf } from './nodes.js'
import { withoutOrphans } from './orphans.js'

const FOLDERS = ['src', 'scripts', 'test', 'bench', '.ci']

type Cuts = Readonly<Record<string, readonly string[]>>

/**
 * Takes out of the TypeScript of a tree what begins like one of `cuts`, and what uses a name that is
 * gone: imported from a file that does not exist (any more), or declared in what was taken out.
 * @throws {OperatorError} when a cut finds nothing
 */
export function takeOutCode(folder: string, gone: ReadonlySet<string>, cuts: Cuts): void {
  const goneExports = new Map<string, Set<string>>()
  const files = FOLDERS.flatMap((name) => typeScriptIn(folder, name))
  const stems = [...gone].map((path) => `/${posix.basename(path, '.ts')}.js'`)
  const importersOf = (names: readonly string[]) =>
    files.filter((path) => {
      if (!existsSync(join(folder, path))) return false
      const text = readFileSync(join(folder, path), 'utf8')
      return names.some((name) => text.includes(name))
    })
  const cut = new Set<string>()
  const waiting = new Set([...importersOf(stems), ...Object.keys(cuts)])
  // A set also visits what is added meanwhile, and again what was deleted before.
  for (const path of waiting) {
    waiting.delete(path)
    const file = join(folder, path)
    if (!existsSync(file)) continue
    const before = readFileSync(file, 'utf8')
    const source = { path, text: before, gone, goneExports }
    const { text, exports } = new Taking(source).run(cut.has(path) ? [] : (cuts[path] ?? []))
    cut.add(path)
    if (path.endsWith('.test.ts') && before.includes('t.test(') && !text.includes('t.test(')) rmSync(file)
    else if (text !== before) writeFileSync(file, text)
    if (exports.size === 0) continue
    goneExports.set(path, new Set([...(goneExports.get(path) ?? []), ...exports]))
    for (const other of importersOf([`/${posix.basename(path, '.ts')}.js'`])) waiting.add(other)
  }
}

function typeScriptIn(folder: string, name: string): string[] {
  const root = join(folder, name)
  if (!existsSync(root)) return []
  return (readdirSync(root, { recursive: true }) as string[])
    .filter((path) => path.endsWith('.ts'))
    .map((path) => posix.join(name, path.replaceAll('\\', '/')))
}

type Source = {
  path: string
  text: string
  gone: ReadonlySet<string>
  goneExports: ReadonlyMap<string, ReadonlySet<string>>
}

/** What goes out of one file. */
class Taking {
  private readonly exports = new Set<string>()
  private readonly parts = new Set<Node>()
  private readonly ranges: Range[] = []
  private readonly file: SourceFile

  constructor(private readonly source: Source) {
    this.file = new Project({ useInMemoryFileSystem: true }).createSourceFile('file.ts', source.text)
  }

  run(cuts: readonly string[]) {
    this.takeImports()
    for (const cut of cuts) this.cut(cut)
    if (this.ranges.length === 0) return { text: this.source.text, exports: this.exports }
    const removed = merged(this.ranges)
    const taken = removed.map(({ start, end }) => this.source.text.slice(start, end)).join('\n')
    return { text: withoutOrphans(splice(this.source.text, removed), taken), exports: this.exports }
  }

  private takeImports(): void {
    for (const declaration of [...this.file.getImportDeclarations(), ...this.file.getExportDeclarations()]) {
      const target = this.targetOf(declaration.getModuleSpecifierValue())
      if (target === undefined) continue
      const names = this.source.goneExports.get(target)
      if (this.source.gone.has(target)) this.takeDeclaration(declaration)
      else if (names) this.takeSpecifiers(declaration, names)
    }
    for (const call of this.file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
      const [specifier] = call.getArguments()
      const isImport = call.getExpression().getKind() === SyntaxKind.ImportKeyword
      if (
        isImport &&
        Node.isStringLiteral(specifier) &&
        this.source.gone.has(this.targetOf(specifier.getLiteralText()) ?? '')
      )
        this.take(call)
    }
  }

  private targetOf(specifier: string | undefined): string | undefined {
    if (!specifier?.startsWith('.')) return undefined
    return posix.join(posix.dirname(this.source.path), specifier).replace(/\.js$/, '.ts')
  }

  private takeDeclaration(declaration: Node): void {
    this.take(declaration)
    if (!Node.isImportDeclaration(declaration)) return
    const names = declaration.getNamedImports().map((named) => named.getAliasNode() ?? named.getNameNode())
    const all = [declaration.getDefaultImport(), declaration.getNamespaceImport(), ...names]
    for (const name of all) if (name) this.takeUses(this.file, name.getText())
  }

  private takeSpecifiers(declaration: Node, names: ReadonlySet<string>): void {
    if (!Node.isImportDeclaration(declaration)) return
    const goneNames = declaration.getNamedImports().filter((named) => names.has(named.getName()))
    if (goneNames.length === 0) return
    const isAll = goneNames.length === declaration.getNamedImports().length && !declaration.getDefaultImport()
    if (isAll) this.take(declaration)
    for (const named of goneNames) {
      if (!isAll) this.take(named)
      this.takeUses(this.file, (named.getAliasNode() ?? named.getNameNode()).getText())
    }
  }

  private takeUses(scope: Node, name: string): void {
    for (const use of usesOf(scope, name)) this.take(use)
  }

  /** Takes the part around a node, and all that uses what the part declares. */
  private take(node: Node): void {
    const part = partAround(this.isTest() ? outermostStatement(node) : node)
    if (!part || this.parts.has(part.node) || [...this.parts].some((other) => isWithin(part.node, other)))
      return
    this.parts.add(part.node)
    this.ranges.push(rangeOf(part))
    const scope = part.node.getParent() ?? this.file
    for (const name of namesDeclaredBy(part.node)) {
      if (Node.isSourceFile(scope)) this.exports.add(name)
      this.takeUses(scope, name)
    }
  }

  /** A test goes as a whole: what remains of it would prove nothing. */
  private isTest = (): boolean => this.source.path.endsWith('.test.ts')

  private cut(beginning: string): void {
    const found = this.file.getDescendants().filter((node) => {
      const part = node.getText().startsWith(beginning) ? partAround(node) : undefined
      return part?.node === node
    })
    if (found.length === 0)
      throw new OperatorError(`${this.source.path} has no code that begins with ${JSON.stringify(beginning)}`)
    for (const node of found) this.take(node)
  }
}

const isWithin = (node: Node, other: Node): boolean =>
  node.getPos() >= other.getPos() && node.getEnd() <= other.getEnd()

function outermostStatement(node: Node): Node {
  const ancestors = [node, ...node.getAncestors()]
  const statement = ancestors.find((ancestor) => Node.isSourceFile(ancestor.getParent()))
  return Node.isExpressionStatement(statement) || Node.isFunctionDeclaration(statement) ? statement : node
}

/** Sorted, and without ranges that others contain. */
function merged(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((one, other) => one.start - other.start || other.end - one.end)
  const result: Range[] = []
  for (const range of sorted) {
    const last = result.at(-1)
    if (last && range.start < last.end) last.end = Math.max(last.end, range.end)
    else result.push({ ...range })
  }
  return result
}

const splice = (text: string, ranges: readonly Range[]): string =>
  [...ranges].reverse().reduce((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text)
