import { Node, Project, type SourceFile, SyntaxKind } from 'ts-morph'
import { isExported, namesDeclaredBy, type Part, rangeOf, usesOf } from './nodes.js'

const WORD = /[A-Za-z_$][\w$]*/g

/**
 * Returns the text without the imports and declarations that only `taken`, the code that went, has used.
 * Other unused names stay: they are not ours.
 */
export function withoutOrphans(text: string, taken: string): string {
  const candidates = new Set(taken.match(WORD))
  for (let current = text; ; ) {
    const file = new Project({ useInMemoryFileSystem: true }).createSourceFile('file.ts', current)
    const orphan = findOrphan(file, candidates)
    if (!orphan) return current
    const { start, end } = rangeOf(orphan)
    for (const word of current.slice(start, end).match(WORD) ?? []) candidates.add(word)
    current = current.slice(0, start) + current.slice(end)
  }
}

function findOrphan(file: SourceFile, candidates: ReadonlySet<string>): Part | undefined {
  const isOrphan = (name: string) => candidates.has(name) && usesOf(file, name).length === 0
  for (const declaration of file.getImportDeclarations()) {
    const named = declaration.getNamedImports()
    const names = named.map((each) => (each.getAliasNode() ?? each.getNameNode()).getText())
    const all = [
      declaration.getDefaultImport()?.getText(),
      declaration.getNamespaceImport()?.getText(),
      ...names,
    ]
    const present = all.filter((name) => name !== undefined)
    if (present.length > 0 && present.every(isOrphan)) return { node: declaration, kind: 'statement' }
    const one = named.find((_, index) => isOrphan(names[index] ?? ''))
    if (one) return { node: one, kind: 'listed' }
  }
  return findUnusedDeclaration(file, candidates)
}

/** A declaration is its only use. */
function findUnusedDeclaration(file: SourceFile, candidates: ReadonlySet<string>): Part | undefined {
  const isUnused = (name: string) => candidates.has(name) && usesOf(file, name).length <= 1
  for (const node of file.getDescendants()) {
    const names = namesDeclaredBy(node)
    if (names.length > 0 && !isExported(node) && names.every(isUnused)) return { node, kind: 'statement' }
  }
  const element = file
    .getDescendantsOfKind(SyntaxKind.BindingElement)
    .find((each) => Node.isObjectBindingPattern(each.getParent()) && isUnused(each.getName()))
  return element && { node: element, kind: 'listed' }
}
