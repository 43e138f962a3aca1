import { type Node, Project, type SourceFile } from 'ts-morph'
import { Refusal } from '../refusal.js'

/** Code to edit, in memory. Writing it is for others. */
export const parse = (path: string, code: string): SourceFile =>
  new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true }).createSourceFile(path, code)

/**
 * What an edit looks for.
 * @throws {Refusal} when the file was changed by hand so that it has no such place
 */
export function found<T>(node: T | undefined, file: SourceFile, what: string): T {
  if (node !== undefined) return node
  const path = file.getFilePath().slice(1)
  throw new Refusal(`${path} has no ${what}: this must be done by hand (docs/recipes/add-a-field.md)`)
}

/** Where a node begins, with its comment. */
export const startOf = (node: Node): number => node.getStart(true)

/** Adds names to the import of a module, or the import. Biome puts them in order. */
export function addImport(file: SourceFile, from: string, names: readonly string[]): void {
  if (names.length === 0) return
  const existing = file.getImportDeclaration(
    (declaration) => declaration.getModuleSpecifierValue() === from && !declaration.isTypeOnly(),
  )
  const known = existing?.getNamedImports().map((name) => name.getName()) ?? []
  const missing = [...new Set(names)].filter((name) => !known.includes(name))
  if (missing.length === 0) return
  if (existing) existing.addNamedImports(missing)
  else file.insertText(0, `import { ${missing.join(', ')} } from '${from}'\n`)
}
