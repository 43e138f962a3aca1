import { createHash } from 'node:crypto'

export const HASH_BYTES = 32

/** The hash of the concatenated parts. */
export const sha256 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/**
 * RFC 6962: nodes and leaves are hashed with different prefixes, so that neither can pass for the
 * other.
 */
const NODE_PREFIX = Buffer.from([1])

/** The Merkle tree hash of RFC 6962, section 2.1. `leaves` are concatenated hashes of leaves. */
export function merkleRoot(leaves: Buffer): Buffer {
  if (leaves.length === 0) return sha256()
  let level = leaves
  while (level.length > HASH_BYTES) level = parentsOf(level)
  return Buffer.from(level)
}

function parentsOf(level: Buffer): Buffer {
  const count = level.length / HASH_BYTES
  const parents = Buffer.alloc(Math.ceil(count / 2) * HASH_BYTES)
  for (let i = 0; i < count; i += 2) {
    const pair = level.subarray(i * HASH_BYTES, (i + 2) * HASH_BYTES)
    // A node without a sibling moves up unchanged.
    const parent = pair.length > HASH_BYTES ? sha256(NODE_PREFIX, pair) : pair
    parent.copy(parents, (i / 2) * HASH_BYTES)
  }
  return parents
}
