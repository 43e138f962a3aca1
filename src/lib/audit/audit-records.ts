import { type KeyObject, sign, verify } from 'node:crypto'
import type { AuditSigningKey } from './audit-keys.js'
import { HASH_BYTES, merkleRoot, sha256 } from './merkle.js'

/** `entries` seals audit rows, `erasure` documents erased personal data, `drop` a dropped month. */
export type RecordKind = 'entries' | 'erasure' | 'drop'

/** The ids and the hashes of audit rows. */
export type Leaves = {
  /** The ids of audit_log, then those of audit_requests, each sorted. */
  ids: string[]
  /** How many of the ids belong to audit_log. */
  logCount: number
  /** The concatenated hashes of the rows, in the same order. */
  leaves: Buffer
}

/** The content of a record, before it has a position in the chain. */
export type RecordContent = Leaves & {
  kind: RecordKind
  /**
   * Covers the rows of the transactions from this id up to, but not including, `to`. All of them have
   * ended.
   */
  from: bigint
  to: bigint
  /** JSON with the details of an erasure or a dropped month. */
  details: string
}

/** One record of the chain. */
export type AuditRecord = RecordContent & {
  number: number
  root: Buffer
  /** The hash of the previous record. */
  previous: Buffer
  keyId: string
  createdAt: Date
  signature: Buffer
}

/**
 * The number and the hash of a record. The hash covers all earlier records; operators keep it
 * elsewhere.
 */
export type ChainHead = { number: number; hash: Buffer }

/** The head of a chain without records. */
export const EMPTY_CHAIN: ChainHead = { number: 0, hash: Buffer.alloc(HASH_BYTES) }

/** The text form that operators keep: `number:hash`, with the hash in hex. */
export const formatHead = ({ number, hash }: ChainHead): string => `${number}:${hash.toString('hex')}`

/** Returns the signed record that follows `last` in the chain. */
export function signRecord(content: RecordContent, last: ChainHead, key: AuditSigningKey): AuditRecord {
  const record = {
    ...content,
    number: last.number + 1,
    root: merkleRoot(content.leaves),
    previous: last.hash,
    keyId: key.kid,
    createdAt: new Date(),
  }
  return { ...record, signature: sign(null, signedText(record), key.privateKey) }
}

/** Also true for a record that was signed before 1.0.0. */
export const isSignedBy = (record: AuditRecord, publicKey: KeyObject): boolean =>
  [DOMAIN, EARLIER_DOMAIN].some((domain) =>
    verify(null, signedText(record, domain), publicKey, record.signature),
  )

/** In the earlier domain for each record: chains and heads that operators keep continue. */
export const headOf = (record: AuditRecord): ChainHead => ({
  number: record.number,
  hash: sha256(signedText(record, EARLIER_DOMAIN), record.signature),
})

/** The table and the id of a row, for the findings of a verification. */
export const rowKeyAt = ({ ids, logCount }: Leaves, index: number): string =>
  `${index < logCount ? 'audit_log' : 'audit_requests'} ${ids[index]}`

/** The hash of the row at `index`. */
export const leafAt = ({ leaves }: Leaves, index: number): Buffer =>
  leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)

/** Begins each text, so that a signature for another purpose never verifies as that of a record. */
const DOMAIN = 'audit record 1'
/** Before 1.0.0. Never change it: seals that exist could not be verified. */
const EARLIER_DOMAIN = 'groundwork audit record 1'

/** A canonical text of the record without the signature. The root stands for the leaves. */
function signedText(record: Omit<AuditRecord, 'signature'>, domain = DOMAIN): Buffer {
  const { number, kind, from, to, ids, logCount, root, previous, details, keyId, createdAt } = record
  const idsHash = sha256(ids.join('\n')).toString('hex')
  const hashes = [idsHash, root.toString('hex'), previous.toString('hex')]
  const fields = [number, kind, `${from}`, `${to}`, ids.length, logCount, ...hashes, details, keyId]
  return Buffer.from(JSON.stringify([domain, ...fields, createdAt.toISOString()]))
}
