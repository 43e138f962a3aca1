import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The same from src and from dist. */
const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Relative paths count from the package, so that a script run elsewhere finds the same files. */
export const fromPackageRoot = (path: string): string => resolve(PACKAGE_ROOT, path)
