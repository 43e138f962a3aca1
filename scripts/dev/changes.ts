import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Changes = {
  /** Resolves with a changed file. All changes since the last call count as one. */
  next: () => Promise<string>
  close: () => Promise<void>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WATCHED = ['src', 'config', 'package.json']

/** Editors and git write several files in a row, which should cause one restart only. */
const QUIET_MS = 100

export async function watchFiles(): Promise<Changes> {
  const { watch } = await import('chokidar')
  const watcher = watch(WATCHED, { cwd: ROOT, ignoreInitial: true, ignored: isEditorFile })
  let changed: string | undefined
  let quiet: NodeJS.Timeout | undefined
  let resolve: ((file: string) => void) | undefined

  const deliver = () => {
    quiet = undefined
    if (changed === undefined || !resolve) return
    resolve(changed)
    changed = resolve = undefined
  }
  watcher.on('all', (_event, file) => {
    changed ??= file
    clearTimeout(quiet)
    quiet = setTimeout(deliver, QUIET_MS)
  })
  const next = () =>
    new Promise<string>((resolveNext) => {
      resolve = resolveNext
      if (!quiet) deliver()
    })
  return { next, close: () => watcher.close() }
}

/** Swap and backup files. */
const isEditorFile = (path: string): boolean =>
  /(^|[\\/])(\.[^\\/]*|4913|[^\\/]*~)$/.test(relative(ROOT, path))
