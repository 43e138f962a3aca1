import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stop } from '../lib/child.js'
import { launch, type ProgramName, type ProgramOptions } from './programs.js'

type Coverage = { result: { url: string }[] }

/** Counts the files of code that a program has loaded by when it is ready, as Node's coverage lists them. */
export async function countModules(name: ProgramName, options: ProgramOptions): Promise<number> {
  const coverage = mkdtempSync(join(options.folder, 'coverage-'))
  const { child } = await launch(name, options, { NODE_V8_COVERAGE: coverage })
  await stop(child)
  const urls = readdirSync(coverage).flatMap((file) =>
    (JSON.parse(readFileSync(join(coverage, file), 'utf8')) as Coverage).result.map(({ url }) => url),
  )
  return new Set(urls.filter((url) => url.startsWith('file:'))).size
}
