import {
  type AuditPublicKeys,
  type AuditSigningKey,
  parseAuditPublicKeys,
  parseAuditSigningKey,
} from '../lib/audit/audit-keys.js'
import { findKeptKey, keepKey } from './development-keys.js'
import type { Config } from './settings.js'

const KEPT = { setting: 'AUDIT_SIGNING_KEY', file: 'audit-key.pem', parse: parseAuditSigningKey } as const

type KeySettings = Pick<Config, 'NODE_ENV' | 'AUDIT_SIGNING_KEY' | 'DATA_DIR'>

/**
 * Returns the key that seals the audit log. Without AUDIT_SIGNING_KEY, development creates and keeps one;
 * production returns undefined, and the log is not sealed.
 * @throws {ConfigError} when the kept file is damaged or cannot be written
 */
export function resolveAuditSigningKey(config: KeySettings): AuditSigningKey | undefined {
  if (config.AUDIT_SIGNING_KEY !== undefined) return parseAuditSigningKey(config.AUDIT_SIGNING_KEY)
  return config.NODE_ENV === 'production' ? undefined : keepKey(config.DATA_DIR, KEPT)
}

/**
 * Returns the keys whose seals are trusted: those of AUDIT_PUBLIC_KEYS, and the public half of the signing
 * key. Does not create a key.
 * @throws {ConfigError} when the kept file is damaged or cannot be read
 */
export function resolveAuditPublicKeys(
  config: KeySettings & Pick<Config, 'AUDIT_PUBLIC_KEYS'>,
): AuditPublicKeys {
  const { AUDIT_PUBLIC_KEYS, AUDIT_SIGNING_KEY, NODE_ENV, DATA_DIR } = config
  const keys = new Map(AUDIT_PUBLIC_KEYS === undefined ? [] : parseAuditPublicKeys(AUDIT_PUBLIC_KEYS))
  const configured = AUDIT_SIGNING_KEY === undefined ? undefined : parseAuditSigningKey(AUDIT_SIGNING_KEY)
  const signingKey = configured ?? (NODE_ENV === 'production' ? undefined : findKeptKey(DATA_DIR, KEPT))
  return signingKey ? keys.set(signingKey.kid, signingKey.publicKey) : keys
}
