import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A package, or a source file as a path from the root of the repository. */
type Import = { target: string; isPackage: boolean; isTypeOnly: boolean }

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const IMPORT = /^(?:import|export)\s(type\s)?(?:[\w$*{},\s]*?\sfrom\s)?'([^']+)'|\bimport\('([^']+)'\)/gm

/** What a source file imports, without Node's own modules. */
export function importsOf(path: string): Import[] {
  const source = readFileSync(join(ROOT, path), 'utf8')
  return [...source.matchAll(IMPORT)].flatMap(([, type, named = '', dynamic]) => {
    const specifier = dynamic ?? named
    if (specifier.startsWith('node:')) return []
    const isPackage = !specifier.startsWith('.')
    const file = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
    return [{ target: isPackage ? specifier : file, isPackage, isTypeOnly: type !== undefined }]
  })
}

/** The source files and the packages that a program loads, now or later. */
export function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set([entry])
  const packages = new Set<string>()
  // A set also visits what is added meanwhile.
  for (const file of files) {
    // A file may be missing for a moment, or for as long as the mistake lasts.
    if (!existsSync(join(ROOT, file))) continue
    for (const { target, isPackage, isTypeOnly } of importsOf(file))
      if (!isTypeOnly) (isPackage ? packages : files).add(target)
  }
  return { files, packages }
}
