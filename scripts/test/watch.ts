import { once } from 'node:events'
import { watch } from 'chokidar'
import { selectTestFiles, type TestFile } from './files.js'
import { findRelatedTests } from './related.js'

/** An editor saves several files at once. */
const PAUSE_MS = 100

/** Of many related files, the nearest come again at once; the others are for a whole run. */
const FILES_AT_ONCE = 5

/** Runs the tests nearest to each change, until Ctrl-C. Changes during a run belong to the next one. */
export async function watchTests(run: (files: readonly TestFile[]) => Promise<unknown>): Promise<void> {
  const changed = new Set<string>()
  let wake: () => void = () => undefined
  let timer: NodeJS.Timeout | undefined
  let hasEnded = false
  const watcher = watch(['src', 'test', 'scripts'], { ignoreInitial: true }).on('all', (_event, path) => {
    changed.add(path)
    clearTimeout(timer)
    timer = setTimeout(() => wake(), PAUSE_MS)
  })
  await once(watcher, 'ready')
  process.once('SIGINT', () => {
    hasEnded = true
    wake()
  })
  while (!hasEnded) {
    console.log('Waiting for a change in src, test or scripts.')
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    const files = findRelatedTests(
      [...changed].filter((path) => path.endsWith('.ts')),
      FILES_AT_ONCE,
    )
    changed.clear()
    if (files.length > 0) await run(selectTestFiles(files))
  }
  await watcher.close()
}
