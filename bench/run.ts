/**
 * `npm run bench` measures everything that has a goal. `npm run bench -- me` runs one measurement of this folder.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runRound } from './lib/round.js'

const OTHERS = ['run.ts', 'goals.ts']
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !OTHERS.includes(file))
  .map((file) => file.slice(0, -3))
const options = { record: { type: 'boolean' }, check: { type: 'boolean' } } as const
const { values, positionals } = parseArgs({ options, allowPositionals: true, strict: false })
const isUnknown = Object.keys(values).some((option) => !Object.hasOwn(options, option))
const [name] = positionals

if (name === undefined && !isUnknown)
  await runRound({ isRecorded: values.record === true, isCheck: values.check === true })
else if (name !== undefined && names.includes(name)) await import(`./${name}.ts`)
else {
  console.error(
    `Usage: npm run bench [-- --record | --check]\n       npm run bench -- (${names.join(' | ')})`,
  )
  process.exitCode = 1
}
