import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { resolveAuditPublicKeys, resolveAuditSigningKey } from '../../src/config/audit-keys.js'
import { ConfigError, loadConfig } from '../../src/config/index.js'
import t from '../tap.js'

const [ed25519, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const pemOf = (key: KeyObject) =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString()
const jwkOf = (key: KeyObject) => JSON.stringify(key.export({ format: 'jwk' }))
const base64 = (text: string) => Buffer.from(text).toString('base64')

const dataDir = t.testdir()
const load = (env: NodeJS.ProcessEnv) =>
  loadConfig({ env: { CONFIG_FILE: 'off', DATA_DIR: dataDir, ...env } })
const kidOf = (AUDIT_SIGNING_KEY: string) => resolveAuditSigningKey(load({ AUDIT_SIGNING_KEY }))?.kid ?? ''
const publicIds = (env: NodeJS.ProcessEnv) => [...resolveAuditPublicKeys(load(env)).keys()]

t.test('a signing key and its public half have the same id in every format', async (t) => {
  const { privateKey, publicKey } = ed25519
  const kid = kidOf(pemOf(privateKey))
  t.match(kid, /^[\w-]{43}$/)
  for (const form of [
    jwkOf(privateKey),
    base64(pemOf(privateKey)),
    pemOf(privateKey).replaceAll('\n', '\\n'),
  ]) {
    t.equal(kidOf(form), kid)
  }
  for (const form of [
    pemOf(publicKey),
    jwkOf(publicKey),
    base64(pemOf(publicKey)),
    base64(jwkOf(publicKey)),
  ]) {
    t.strictSame(publicIds({ AUDIT_PUBLIC_KEYS: form }), [kid], form)
  }
})

t.test('a verifier trusts the named keys and the public half of the signing key', async (t) => {
  const ids = [ed25519, other].map(({ privateKey }) => kidOf(pemOf(privateKey)))
  const both = [ed25519, other].map(({ publicKey }) => base64(pemOf(publicKey))).join(',')
  t.strictSame(publicIds({ AUDIT_PUBLIC_KEYS: both }), ids)
  const keys = {
    AUDIT_PUBLIC_KEYS: pemOf(ed25519.publicKey),
    AUDIT_SIGNING_KEY: pemOf(other.privateKey),
  }
  t.strictSame(publicIds(keys), ids)
  t.strictSame(publicIds({}), [])
})

t.test('rejects invalid keys without printing them', async (t) => {
  const refuses = (name: string, expected: string, keys: Record<string, string>) => {
    for (const [kind, text] of Object.entries(keys)) {
      const message = new RegExp(
        `^The configuration has a mistake:\n- ${name} must be ${expected}, such as npm run audit:keys prints: [a-zA-Z0-9 ,:-]+\\.$`,
      )
      t.throws(() => load({ [name]: text }), { message }, `${name}: ${kind}`)
    }
  }
  refuses('AUDIT_SIGNING_KEY', 'one Ed25519 private key', {
    'two keys': pemOf(ed25519.privateKey) + pemOf(other.privateKey),
    'P-256': pemOf(p256.privateKey),
    'a public key': pemOf(ed25519.publicKey),
    'no key': 'hunter2',
  })
  refuses('AUDIT_PUBLIC_KEYS', 'one or more Ed25519 public keys', {
    'a private key': pemOf(ed25519.privateKey),
    'a private JWK': jwkOf(ed25519.privateKey),
    'P-256': pemOf(p256.publicKey),
    'a public and a private one': [ed25519.publicKey, other.privateKey]
      .map((key) => base64(pemOf(key)))
      .join(','),
    'no key': 'hunter2',
  })
})

t.test('creates and keeps a key outside production, and never in production', async (t) => {
  const DATA_DIR = t.testdir()
  const file = join(DATA_DIR, 'audit-key.pem')
  const signing = (NODE_ENV: 'production' | 'development') => resolveAuditSigningKey({ NODE_ENV, DATA_DIR })
  const verifying = (NODE_ENV: 'production' | 'development') => [
    ...resolveAuditPublicKeys({ NODE_ENV, DATA_DIR }).keys(),
  ]
  t.equal(signing('production'), undefined)
  t.strictSame(verifying('development'), [])
  t.notOk(existsSync(file), 'resolving public keys creates no key')
  const kid = signing('development')?.kid
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(signing('development')?.kid, kid)
  t.strictSame(verifying('development'), [kid])
  t.strictSame(verifying('production'), [])
  writeFileSync(file, 'x')
  t.throws(() => signing('development'), {
    constructor: ConfigError,
    message: /audit-key\.pem is damaged: remove it, and a new key is created\.$/,
  })
})
