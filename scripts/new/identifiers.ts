import { Node, type SourceFile } from 'ts-morph'
import { parse } from './edits/source.js'
import { Refusal } from './refusal.js'

/** All names that code declares or imports, also within functions, each as often as it is declared. */
export function declarationsIn(path: string, code: string): string[] {
  const names = parse(path, code)
    .getDescendants()
    .map((node) => nameDeclaredBy(node))
  return names.filter((name) => name !== undefined)
}

export function exportsOf(path: string, code: string): string[] {
  const file = parse(path, code)
  const declared = [...file.getVariableDeclarations(), ...file.getTypeAliases(), ...file.getFunctions()]
  return declared.flatMap((declaration) => (declaration.isExported() ? (declaration.getName() ?? []) : []))
}

function nameDeclaredBy(node: Node): string | undefined {
  if (Node.isImportSpecifier(node)) return node.getAliasNode()?.getText() ?? node.getName()
  if (Node.isImportClause(node)) return node.getDefaultImport()?.getText()
  const isDeclaration =
    Node.isVariableDeclaration(node) ||
    Node.isParameterDeclaration(node) ||
    Node.isBindingElement(node) ||
    Node.isFunctionDeclaration(node) ||
    Node.isTypeAliasDeclaration(node)
  return isDeclaration ? node.getName() : undefined
}

/**
 * @throws {Refusal} when a file declares or imports a name twice
 */
export function refuseRepeatedNames(path: string, code: string): void {
  const seen = new Set<string>()
  for (const name of topLevelNames(parse(path, code))) {
    if (seen.has(name)) throw new Refusal(`${name} is not free: ${path} would declare it twice`)
    seen.add(name)
  }
}

function topLevelNames(file: SourceFile): string[] {
  const imported = file.getImportDeclarations().flatMap((declaration) => {
    const named = declaration
      .getNamedImports()
      .map((name) => name.getAliasNode()?.getText() ?? name.getName())
    const byDefault = declaration.getDefaultImport()?.getText()
    return byDefault === undefined ? named : [byDefault, ...named]
  })
  const declared = [...file.getVariableDeclarations(), ...file.getFunctions(), ...file.getTypeAliases()]
  return [...imported, ...declared.map((declaration) => declaration.getName() ?? '')]
}
