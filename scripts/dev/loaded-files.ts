import { loadedBy } from '../imports.js'
import type { Program } from './programs.js'

type LoadedFiles = ReadonlyMap<Program, ReadonlySet<string>>

/** The source files that each program loads. */
export const readLoadedFiles = (programs: readonly Program[]): LoadedFiles =>
  new Map(programs.map((program) => [program, loadedBy(program.entry).files]))

export const isSource = (file: string): boolean => file.endsWith('.ts')

/** Files that nobody imports, such as `package.json`, count as loaded. */
export const isLoaded = (file: string, loaded: ReadonlySet<string> | undefined): boolean =>
  !isSource(file) || loaded?.has(file) === true
