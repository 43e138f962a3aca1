import type { AuditPublicKeys } from '../../lib/audit/audit-keys.js'
import {
  type AuditRecord,
  type ChainHead,
  EMPTY_CHAIN,
  headOf,
  isSignedBy,
} from '../../lib/audit/audit-records.js'
import { merkleRoot } from '../../lib/audit/merkle.js'

const KEY_ID = /^[\w-]{43}$/

/** The problems of a single record. A record without any is authentic. */
export function findRecordProblems(record: AuditRecord, keys: AuditPublicKeys): string[] {
  const publicKey = keys.get(record.keyId)
  // A forged key id could hold control characters, so it is not printed.
  const shown = KEY_ID.test(record.keyId) ? ` ${record.keyId}` : ''
  const problems = []
  if (!publicKey) problems.push(`it is signed with an unknown key${shown}`)
  else if (!isSignedBy(record, publicKey)) problems.push('its signature is not valid')
  if (!merkleRoot(record.leaves).equals(record.root)) problems.push('its leaves do not match its root')
  return problems
}

/** Follows the chain from its first record to its end. */
export class ChainWalk {
  head: ChainHead = EMPTY_CHAIN
  /** The records so far cover all transactions below it. */
  to = 0n
  private isAnchorFound: boolean

  constructor(private readonly anchor: ChainHead | undefined) {
    this.isAnchorFound = anchor === undefined
  }

  /** Adds the next record and returns the problems of its position. */
  step(record: AuditRecord): string[] {
    const problems = []
    const expected = this.head.number + 1
    if (record.number !== expected) {
      problems.push(
        `seal ${expected}: it is missing${record.number > expected + 1 ? `, with all up to ${record.number - 1}` : ''}`,
      )
    } else if (!record.previous.equals(this.head.hash)) {
      problems.push(`seal ${record.number}: the chain is broken before it`)
    }
    if (record.from !== this.to) {
      problems.push(
        `seal ${record.number}: it begins at transaction ${record.from}, not at ${this.to}: a gap`,
      )
    }
    this.head = headOf(record)
    this.to = record.to
    if (this.anchor?.number === record.number) this.isAnchorFound = this.anchor.hash.equals(this.head.hash)
    return problems
  }

  /** The problems of the chain's end, after the last record. */
  end(): string[] {
    if (this.isAnchorFound || !this.anchor) return []
    const { number } = this.anchor
    return number > this.head.number
      ? [`seal ${number}: the anchor names it, but the chain ends before it`]
      : [`seal ${number}: it is not the one that the anchor names`]
  }
}
