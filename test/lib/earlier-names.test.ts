/** What was signed while the signed texts contained the product's name stays valid. */
import { ChainWalk, findRecordProblems } from '../../src/db/seals/verify-chain.js'
import { parseAuditSigningKey } from '../../src/lib/audit/audit-keys.js'
import { type AuditRecord, formatHead, signRecord } from '../../src/lib/audit/audit-records.js'
import { merkleRoot, sha256 } from '../../src/lib/audit/merkle.js'
import { deriveInvitationToken, deriveMailedToken, tokenOf } from '../../src/lib/auth/mailed-tokens.js'
import { hashToken } from '../../src/lib/auth/opaque-tokens.js'
import { parseSigningKeys } from '../../src/lib/auth/signing-keys.js'
import { publicKeysOf } from '../helpers/audit-seals.js'
import t from '../tap.js'

const ID = '01990000-0000-7000-8000-000000000001'

/** All that follows was made with this key before the rename. */
const PEM = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINkxHIssP8IrHFfSss6WR24OJTsNXuDYTcCiNx49bD5c
-----END PRIVATE KEY-----`
const HEAD = '2:456de0b09d8030702133bcfa6dd44eb9b183558fde5a67a4dbf54907a5b380d2'
const RECORDS = [
  {
    ...{ number: 1, from: 0n, to: 800n, ids: [ID], leaves: sha256('one') },
    previous: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    signature: 'GFMCOzZBMNgQWDdtBR1vpl3em7pbJfDdnVFPxjDt5DvB7c0qbKs1fqvfsdE9pg4Gx2lo7jprbvNvlFLrHZHiCw==',
  },
  {
    ...{ number: 2, from: 800n, to: 900n, ids: [ID.replace(/1$/, '2')], leaves: sha256('two') },
    previous: 'R5WA1hXRqqqADFzr8o17U/oB/zMatWGQBV2WbwI4nOk=',
    signature: '8/OpSGlE6gN/MpkOMJfB5T+JGfjn3YW+yDEXxUBHAPQcjn6g/uJdEgFwBAgoEUShLnlUHNPEoEgdAeYIfvdbCg==',
  },
].map(
  ({ previous, signature, ...record }): AuditRecord => ({
    ...{ ...record, kind: 'entries', logCount: 1, details: '{}', root: merkleRoot(record.leaves) },
    ...{ previous: Buffer.from(previous, 'base64'), signature: Buffer.from(signature, 'base64') },
    keyId: 'nTztzLCwmamY6gD5f4Rt5VfIyB20hOq4VkEyHDuQLKM',
    createdAt: new Date('2026-12-01T03:17:07.508Z'),
  }),
)

const key = parseAuditSigningKey(PEM)
const keys = publicKeysOf(key)

t.test('earlier seals verify, lead to the same head, and are continued', async (t) => {
  const walk = new ChainWalk(undefined)
  const problemsOf = (record: AuditRecord) => [...findRecordProblems(record, keys), ...walk.step(record)]
  t.strictSame(RECORDS.flatMap(problemsOf), [])
  t.equal(formatHead(walk.head), HEAD)

  const leaves = sha256('three')
  const range = { from: 900n, to: 950n, ids: [ID], logCount: 1 }
  const next = signRecord({ kind: 'entries', details: '{}', leaves, ...range }, walk.head, key)
  t.strictSame(problemsOf(next), [])
  t.match(findRecordProblems({ ...next, details: '{"forged":1}' }, keys), ['its signature is not valid'])
})

t.test(
  'rows of mailed tokens that were written earlier give the links that they were written for',
  async (t) => {
    const [signingKey] = parseSigningKeys(PEM)
    const earlier = new Map([
      [deriveMailedToken, 'A0fM3qVzt8KF8Qj28Z9aedjXuVe_ztzB10Jbcvr7_s8'],
      [deriveInvitationToken, 'v3472Fgf41b7gzQOqXhpIWC9KYM0tLb5JiEleMFU7Fo'],
    ])
    for (const [derive, token] of earlier) {
      t.equal(tokenOf({ id: ID, tokenHash: hashToken(token) }, signingKey, derive), token)
      const current = derive(signingKey, ID)
      t.not(current, token)
      t.equal(tokenOf({ id: ID, tokenHash: hashToken(current) }, signingKey, derive), current)
    }
  },
)
