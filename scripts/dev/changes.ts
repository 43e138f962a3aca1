import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Changes = {
  /** Resolves with the files that changed since the last call. */
  next: () => Promise<string[]>
  close: () => Promise<void>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** npm writes it when an installation is complete. */
const INSTALLED = 'node_modules/.package-lock.json'

const WATCHED = ['src', 'config', 'drizzle', 'package.json', INSTALLED]

/** Read for each request. */
const STATIC_FILES = 'src/static'

/** Editors and git write several files in a row, which should cause one restart only. */
const QUIET_MS = 50

export async function watchFiles(): Promise<Changes> {
  const { watch } = await import('chokidar')
  const watcher = watch(WATCHED, { cwd: ROOT, ignoreInitial: true, ignored: isIgnored })
  const changed = new Set<string>()
  let quiet: NodeJS.Timeout | undefined
  let resolve: ((files: string[]) => void) | undefined

  const deliver = () => {
    quiet = undefined
    if (changed.size === 0 || !resolve) return
    resolve([...changed])
    changed.clear()
    resolve = undefined
  }
  watcher.on('all', (event, file) => {
    if (event.endsWith('Dir')) return
    changed.add(withSlashes(file))
    clearTimeout(quiet)
    quiet = setTimeout(deliver, QUIET_MS)
  })
  const next = () =>
    new Promise<string[]>((resolveNext) => {
      resolve = resolveNext
      if (!quiet) deliver()
    })
  return { next, close: () => watcher.close() }
}

/** Also swap and backup files of editors. */
function isIgnored(path: string): boolean {
  const file = withSlashes(relative(ROOT, path))
  if (file === INSTALLED) return false
  return file === STATIC_FILES || /(^|\/)(\.[^/]*|4913|[^/]*~)$/.test(file)
}

const withSlashes = (path: string): string => path.replaceAll(sep, '/')
