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
 * The key that seals the audit log. Outside production one is made and kept where none is set; in production the log is
 * then not sealed.
 * @throws {ConfigError} when the kept file is damaged or cannot be written
 */
export function resolveAuditSigningKey(config: KeySettings): AuditSigningKey | undefined {
  if (config.AUDIT_SIGNING_KEY !== undefined) return parseAuditSigningKey(config.AUDIT_SIGNING_KEY)
  return config.NODE_ENV === 'production' ? undefined : keepKey(config.DATA_DIR, KEPT)
}

/** The keys whose seals count: those of AUDIT_PUBLIC_KEYS and the signing key's own. Makes none. @throws {ConfigError} */
export function resolveAuditPublicKeys(
  config: KeySettings & Pick<Config, 'AUDIT_PUBLIC_KEYS'>,
): AuditPublicKeys {
  const { AUDIT_PUBLIC_KEYS, AUDIT_SIGNING_KEY, NODE_ENV, DATA_DIR } = config
  const keys = new Map(AUDIT_PUBLIC_KEYS === undefined ? [] : parseAuditPublicKeys(AUDIT_PUBLIC_KEYS))
  const set = AUDIT_SIGNING_KEY === undefined ? undefined : parseAuditSigningKey(AUDIT_SIGNING_KEY)
  const own = set ?? (NODE_ENV === 'production' ? undefined : findKeptKey(DATA_DIR, KEPT))
  return own ? keys.set(own.kid, own.publicKey) : keys
}
