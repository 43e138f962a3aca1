import { createHash } from 'node:crypto'

export const HASH_BYTES = 32

export const sha256 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** RFC 6962: a node is hashed with another first byte than a leaf, so that neither can pass for the other. */
const NODE = Buffer.from([1])

/** The root of RFC 6962, section 2.1, over hashes of leaves that stand one after the other. */
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
    // One without a neighbour moves up as it is.
    const parent = pair.length > HASH_BYTES ? sha256(NODE, pair) : pair
    parent.copy(parents, (i / 2) * HASH_BYTES)
  }
  return parents
}
