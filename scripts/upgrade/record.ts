import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../../src/lib/errors/operator-error.js'

export const RECORD = 'starter.json'

/** What `npm run init` chose, and the release of the starter that the product has. */
export interface StarterRecord {
  /** A release such as `1.0.0`, or a commit. */
  starter: string
  /** Where releases come from: the address that `--from` last named. */
  repository?: string
  [choice: string]: unknown
}

/** @throws {OperatorError} when the file is missing or has no release */
export function readRecord(folder: string): StarterRecord {
  const record = parse(folder)
  if (typeof record?.starter === 'string') return record
  throw new OperatorError(`${RECORD} names no release of the starter: docs/upgrading.md describes the file`)
}

function parse(folder: string): StarterRecord {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), 'utf8'))
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const problem = isMissing ? 'is missing: npm run init writes it' : 'is not JSON'
    throw new OperatorError(`${RECORD} ${problem} (docs/upgrading.md describes the file)`)
  }
}

/** What `applyInit` takes. */
export function choicesOf({ starter, repository, ...choices }: StarterRecord): Record<string, unknown> {
  return choices
}

export type RecordedRelease = Pick<StarterRecord, 'starter' | 'repository'>

/** The text of the file with another release. All else stays as it is formatted. */
export function withRelease(text: string, { starter, repository }: RecordedRelease): string {
  const release = `"starter": ${JSON.stringify(starter)}`
  const released = text.replace(/"starter"\s*:\s*"[^"]*"/, () => release)
  if (repository === undefined) return released
  const address = `"repository": ${JSON.stringify(repository)}`
  const named = /"repository"\s*:\s*"[^"]*"/
  return named.test(released)
    ? released.replace(named, () => address)
    : released.replace(release, () => `${release},\n  ${address}`)
}
