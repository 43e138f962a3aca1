import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import type { Test } from 'tap'
import { sealAuditLog } from '../../src/db/seals/seal.js'
import { type Verification, type VerifyOptions, verifyAuditLog } from '../../src/db/seals/verify.js'
import { type AuditSigningKey, parseAuditSigningKey } from '../../src/lib/audit/audit-keys.js'
import { generateSigningKeyPem } from '../../src/lib/auth/signing-keys.js'
import { openAuditTest } from './audit.js'
import { connect } from './database.js'
import { eventually } from './eventually.js'

export const newAuditKey = (): AuditSigningKey => parseAuditSigningKey(generateSigningKeyPem())

export const publicKeysOf = (...keys: AuditSigningKey[]) =>
  new Map(keys.map(({ kid, publicKey }) => [kid, publicKey]))

/** An audit log with a signing key and a superuser's connection. */
export async function openSealTest(t: Test) {
  const test = await openAuditTest(t)
  const { sql } = test
  const key = newAuditKey()
  const admin = connect(t, test.database.adminUrl)

  /**
   * Seals until nothing is left: an open transaction anywhere on the server delays the sealing of
   * newer entries.
   */
  const sealAll = async (by = key, maxEntries = 20_000) => {
    await eventually(async () => {
      await sealAuditLog(sql, by, maxEntries)
      const { unsealed } = await verify({ keys: publicKeysOf(by) })
      return unsealed === 0
    })
  }
  const verify = async (
    options: Partial<VerifyOptions> = {},
    as: postgres.Sql = sql,
  ): Promise<Verification & { lines: string[] }> => {
    const lines: string[] = []
    const onFinding = (line: string) => void lines.push(line)
    return { ...(await verifyAuditLog(as, { keys: publicKeysOf(key), onFinding, ...options })), lines }
  }
  return { ...test, key, admin, sealAll, verify, attack: (text: string) => attack(admin, text) }
}

/** Runs statements as a superuser and without triggers. */
export const attack = (admin: postgres.Sql, text: string) =>
  admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    return tx.unsafe(text)
  })

/** A request record as the application writes it. */
export const newRequest = () => ({
  id: '01990000-0000-7000-8000-000000000001',
  created_at: new Date(),
  started_at: new Date(),
  request_id: randomUUID(),
  actor: 'anonymous',
  outcome: 'denied',
  status: 401,
  duration_ms: 0.1,
  method: 'POST',
  route: '/api/v1/auth/login',
  url: '/api/v1/auth/login',
  ip: '127.0.0.1',
  rows_changed: 0,
})
