import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The same directory whether this file runs from src or from dist. */
const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Resolves relative paths from the package, so that scripts find the same files from any directory. */
export const fromPackageRoot = (path: string): string => resolve(PACKAGE_ROOT, path)
