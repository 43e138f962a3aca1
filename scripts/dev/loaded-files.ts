import { loadedBy } from '../imports.js'
import type { Program } from './programs.js'

type LoadedFiles = ReadonlyMap<Program, ReadonlySet<string>>

/** The source files that each program loads. */
export const readLoadedFiles = (programs: readonly Program[]): LoadedFiles =>
  new Map(programs.map((program) => [program, loadedBy(program.entry).files]))

/** Files that nobody imports, such as `package.json`, count as loaded. */
export const isLoaded = (file: string, loaded: ReadonlySet<string> | undefined): boolean =>
  !file.endsWith('.ts') || loaded?.has(file) === true

/** The upper floors of src, which change most. Nothing below imports them, as the architecture test holds. */
export const isOfUpperFloors = (file: string): boolean =>
  /^src\/((plugins|routes|workers)\/.*|[^/]*)\.ts$/.test(file)
