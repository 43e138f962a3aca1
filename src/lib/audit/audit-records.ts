import { type KeyObject, sign, verify } from 'node:crypto'
import type { AuditSigningKey } from './audit-keys.js'
import { HASH_BYTES, merkleRoot, sha256 } from './merkle.js'

export type RecordKind = 'entries' | 'erasure' | 'drop'

/** Rows by their hashes. */
export type Leaves = {
  /** Of audit_log first, then of audit_requests, each sorted. */
  ids: string[]
  /** How many of them are of audit_log. */
  logCount: number
  /** The hash of each of them, in the same order. */
  leaves: Buffer
}

/** What a record says, before it has its place in the chain. */
export type RecordContent = Leaves & {
  kind: RecordKind
  /** Every transaction from this one to below `to` is over. */
  from: bigint
  to: bigint
  /** In JSON: what else there is to tell of an erasure or a dropped month. */
  details: string
}

/** One link of the chain. */
export type AuditRecord = RecordContent & {
  number: number
  root: Buffer
  /** The hash of the record before it. */
  previous: Buffer
  keyId: string
  createdAt: Date
  signature: Buffer
}

/** What an operator keeps elsewhere: a record and the hash of it, which stands for all before it too. */
export type ChainHead = { number: number; hash: Buffer }

/** Before the first record. */
export const EMPTY_CHAIN: ChainHead = { number: 0, hash: Buffer.alloc(HASH_BYTES) }

export const formatHead = ({ number, hash }: ChainHead): string => `${number}:${hash.toString('hex')}`

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

export const isSignedBy = (record: AuditRecord, publicKey: KeyObject): boolean =>
  verify(null, signedText(record), publicKey, record.signature)

export const headOf = (record: AuditRecord): ChainHead => ({
  number: record.number,
  hash: sha256(signedText(record), record.signature),
})

/** The table and the id, as findings name it. */
export const rowKeyAt = ({ ids, logCount }: Leaves, index: number): string =>
  `${index < logCount ? 'audit_log' : 'audit_requests'} ${ids[index]}`

export const leafAt = ({ leaves }: Leaves, index: number): Buffer =>
  leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)

/** Everything in the record but the signature itself, in one way only. The leaves are in their root. */
function signedText(record: Omit<AuditRecord, 'signature'>): Buffer {
  const { number, kind, from, to, ids, logCount, root, previous, details, keyId, createdAt } = record
  const idsHash = sha256(ids.join('\n')).toString('hex')
  const hashes = [idsHash, root.toString('hex'), previous.toString('hex')]
  const fields = [number, kind, `${from}`, `${to}`, ids.length, logCount, ...hashes, details, keyId]
  return Buffer.from(JSON.stringify(['groundwork audit record 1', ...fields, createdAt.toISOString()]))
}
