import { Node, SyntaxKind } from 'ts-morph'

/** A stretch of a source text. */
export type Range = { start: number; end: number }

/** What can be taken out of code and leave code behind. */
export type Part = { node: Node; kind: 'statement' | 'listed' }

/** The smallest part around a node: the node itself, if it is one. */
export function partAround(node: Node): Part | undefined {
  for (let current: Node | undefined = node; current; current = current.getParent()) {
    const kind = kindOf(current)
    if (kind) return emptied({ node: current, kind })
  }
  return undefined
}

function kindOf(node: Node): Part['kind'] | undefined {
  const parent = node.getParent()
  if (!parent) return undefined
  if (Node.isStatement(node) && (Node.isSourceFile(parent) || Node.isBlock(parent))) return 'statement'
  // The only statement of an `if` without braces: the `if` goes.
  if (Node.isPropertySignature(node) || Node.isMethodSignature(node)) return 'statement'
  const isListed =
    Node.isImportSpecifier(node) ||
    Node.isExportSpecifier(node) ||
    Node.isObjectLiteralExpression(parent) ||
    Node.isArrayLiteralExpression(parent) ||
    Node.isUnionTypeNode(parent)
  return isListed ? 'listed' : undefined
}

/** A union, an import or a declaration whose last member goes has to go itself. */
function emptied(part: Part): Part {
  const { node } = part
  const parent = node.getParent()
  const holder = Node.isImportSpecifier(node) ? node.getImportDeclaration() : undefined
  if (holder && holder.getNamedImports().length === 1 && !holder.getDefaultImport())
    return { node: holder, kind: 'statement' }
  if (Node.isBlock(parent) && parent.getStatements().length === 1) {
    const owner = parent.getParent()
    if (Node.isIfStatement(owner) && !owner.getElseStatement()) return { node: owner, kind: 'statement' }
  }
  return part
}

/** The text of the part with its comments, one separator of a list, and the lines that it fills. */
export function rangeOf(part: Part): Range {
  const text = part.node.getSourceFile().getFullText()
  const { start, end } = withSeparator(part, text)
  const lineStart = text.lastIndexOf('\n', start - 1) + 1
  const lineEnd = /^[^\S\n]*\n/.exec(text.slice(end))
  return lineEnd && text.slice(lineStart, start).trim() === ''
    ? { start: lineStart, end: end + lineEnd[0].length }
    : { start, end }
}

function withSeparator({ node, kind }: Part, text: string): Range {
  const start = startWithComments(node, text)
  const end = node.getEnd()
  if (kind === 'statement') return { start, end }
  const separator = Node.isUnionTypeNode(node.getParent()) ? '|' : ','
  const after = skipSpace(text, end)
  if (text[after] === separator) return { start, end: after + 1 }
  const before = skipSpaceBack(text, start)
  return { start: text[before - 1] === separator ? before - 1 : start, end }
}

/** Comments right above belong to the node, those after an empty line to what is above them. */
function startWithComments(node: Node, text: string): number {
  const comments = node.getLeadingCommentRanges()
  let start = node.getStart(true)
  for (const comment of [...comments].reverse()) {
    if (/\n\s*\n/.test(text.slice(comment.getEnd(), start))) break
    start = Math.min(start, comment.getPos())
  }
  return start
}

const skipSpace = (text: string, from: number): number =>
  from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0)
const skipSpaceBack = (text: string, from: number): number => text.slice(0, from).trimEnd().length

/** The identifiers below a node that refer to a name, without declarations in imports. */
export function usesOf(scope: Node, name: string): Node[] {
  return scope.getDescendantsOfKind(SyntaxKind.Identifier).filter((identifier) => {
    if (identifier.getText() !== name) return false
    const parent = identifier.getParent()
    if (Node.isPropertyAccessExpression(parent)) return parent.getNameNode() !== identifier
    if (Node.isQualifiedName(parent)) return parent.getRight() !== identifier
    const isKey =
      (Node.isPropertyAssignment(parent) ||
        Node.isPropertySignature(parent) ||
        Node.isMethodDeclaration(parent)) &&
      parent.getNameNode() === identifier
    return !isKey && !identifier.getFirstAncestorByKind(SyntaxKind.ImportDeclaration)
  })
}

/** The names that a statement declares. */
export function namesDeclaredBy(node: Node): string[] {
  if (Node.isVariableStatement(node))
    return node.getDeclarations().flatMap((declaration) => {
      const name = declaration.getNameNode()
      return Node.isIdentifier(name)
        ? [name.getText()]
        : name.getDescendantsOfKind(SyntaxKind.BindingElement).map((element) => element.getName())
    })
  if (
    Node.isFunctionDeclaration(node) ||
    Node.isClassDeclaration(node) ||
    Node.isTypeAliasDeclaration(node) ||
    Node.isInterfaceDeclaration(node)
  )
    return [node.getName() ?? ''].filter(Boolean)
  return []
}

export const isExported = (node: Node): boolean => Node.isExportable(node) && node.isExported()
