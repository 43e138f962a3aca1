import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { confirm } from '@inquirer/prompts'
import { OperatorError } from '../../src/lib/errors/operator-error.js'
import { parseOptions } from '../../src/scripts/command-line/arguments.js'
import { applyInit } from './apply.js'
import { type Choices, checkChoices, RECORD_FILE, type StarterRecord, slugOf, titleOf } from './choices.js'
import { completed, features } from './features/index.js'
import { askForMissing } from './questions.js'
import { applyChanges, type Changes, changesBetween, copyTree } from './tree.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const OPTIONS = {
  name: { type: 'string' },
  description: { type: 'string' },
  'email-domain': { type: 'string' },
  without: { type: 'string' },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const USAGE = `npm run init -- --name acme [--description '…'] [--email-domain acme.example]
  [--without ${Object.keys(features).join(',')}] [--force]`

const isTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/**
 * Makes the starter a product, all of it or nothing: the work is done on a copy. Asks for what the
 * options do not give, unless there is no terminal.
 * @throws {OperatorError} in one line, when an answer is not valid or the starter may not be changed
 */
export async function initialise(args: string[]): Promise<void> {
  const options = parseOptions(args, OPTIONS)
  if (options.help) return console.log(USAGE)
  refuseProduct()
  if (!options.force) refuseChanges()
  const given = {
    name: options.name,
    description: options.description,
    emailDomain: options['email-domain'],
    without: options.without
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  }
  const choices = isTerminal() ? await askForMissing(given) : withDefaults(given)
  checkChoices(choices)
  completed(choices.without)
  const copy = mkdtempSync(join(tmpdir(), 'init-'))
  try {
    copyTree(ROOT, copy)
    const record = applyInit(copy, choices)
    const changes = changesBetween(ROOT, copy)
    console.log(planOf(record, changes))
    if (isTerminal() && !(await confirm({ message: 'Do it?' }, { output: process.stderr }))) return
    applyChanges(ROOT, copy, changes)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  console.log('Done. Next: npm install, npm run check, and a commit.')
}

type Given = { [Key in keyof Choices]?: Choices[Key] | undefined }

const withDefaults = ({ name = '', description, emailDomain, without = [] }: Given): Choices => ({
  name,
  description: description ?? `The API of ${titleOf(name)}.`,
  ...(emailDomain !== undefined && { emailDomain }),
  without,
})

function refuseProduct(): void {
  const file = join(ROOT, RECORD_FILE)
  if (!existsSync(file)) return
  const { name } = JSON.parse(readFileSync(file, 'utf8')) as StarterRecord
  throw new OperatorError(
    `this is ${name} already, says ${RECORD_FILE}: a product is made once, from the starter`,
  )
}

/** Otherwise `git checkout .` could not take the work back without taking more. */
function refuseChanges(): void {
  if (!existsSync(join(ROOT, '.git'))) return
  const status = execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' })
  if (status !== '')
    throw new OperatorError('there are changes that are not committed: commit them first, or add --force')
}

function planOf(
  { name, description, emailDomain, without }: StarterRecord,
  { written, removed }: Changes,
): string {
  return [
    `Name          ${titleOf(name)} (${slugOf(name)}): ${description}`,
    `Mails         from ${emailDomain ?? 'the host of PUBLIC_URL'}`,
    `Without       ${without.length === 0 ? 'nothing: all features stay' : ''}`.trimEnd(),
    ...without.map((feature) => `  ${feature.padEnd(16)}${features[feature]?.title}`),
    `Files         ${written.length} written, ${removed.length} removed`,
  ].join('\n')
}
