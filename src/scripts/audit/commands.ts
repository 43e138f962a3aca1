import { generateKeyPairSync } from 'node:crypto'
import { resolveAuditPublicKeys, resolveAuditSigningKey } from '../../config/audit-keys.js'
import { type Config, loadConfig } from '../../config/index.js'
import { refuseAhead } from '../../db/lifecycle/readiness.js'
import { eraseUser } from '../../db/seals/erase.js'
import { sealAuditLog } from '../../db/seals/seal.js'
import { verifyAuditLog } from '../../db/seals/verify.js'
import type { AuditSigningKey } from '../../lib/audit/audit-keys.js'
import { thumbprint } from '../../lib/auth/signing-keys.js'
import { OperatorError } from '../../lib/errors/operator-error.js'
import { parseOptions } from '../command-line/arguments.js'
import { envLines, toBase64 } from '../command-line/env-lines.js'
import { parseAnchor, parseUser } from './arguments.js'
import { withDatabase } from './database.js'
import { createProgressBar } from './progress-bar.js'
import { describeErasure, describeSealing, describeVerification } from './words.js'

/** By name, the first argument. */
export const commands = new Map([
  ['verify', verifyCommand],
  ['seal', sealCommand],
  ['keys', keysCommand],
  ['erase', eraseCommand],
])

async function verifyCommand(args: string[]): Promise<void> {
  const { anchor: text } = parseOptions(args, { anchor: { type: 'string' } })
  const anchor = text === undefined ? undefined : parseAnchor(text)
  const config = loadConfig()
  const keys = resolveAuditPublicKeys(config)
  if (keys.size === 0)
    throw new OperatorError('AUDIT_PUBLIC_KEYS is missing: there is no key to verify with.')
  const bar = createProgressBar(process.stderr)
  const verification = await withDatabase(config, 'application', (sql) =>
    verifyAuditLog(sql, {
      keys,
      anchor,
      onFinding: (line) => {
        bar.clear()
        console.log(line)
      },
      ...(bar.isShown && { onProgress: bar.show }),
    }),
  )
  bar.clear()
  console.log(describeVerification(verification))
  if (verification.findings > 0) process.exitCode = 1
}

async function sealCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  const config = loadConfig()
  const key = getSigningKey(config)
  console.log(describeSealing(await withDatabase(config, 'application', (sql) => sealAuditLog(sql, key))))
}

async function keysCommand(args: string[]): Promise<void> {
  parseOptions(args, {})
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const keyId = thumbprint(publicKey.export({ format: 'jwk' }))
  console.log(
    envLines(`Seals the audit log. Auditors only need the public key. Key id: ${keyId}`, {
      AUDIT_SIGNING_KEY: toBase64(privateKey.export({ type: 'pkcs8', format: 'pem' })),
      AUDIT_PUBLIC_KEYS: toBase64(publicKey.export({ type: 'spki', format: 'pem' })),
    }),
  )
}

async function eraseCommand(args: string[]): Promise<void> {
  const userId = parseUser(parseOptions(args, { user: { type: 'string' } }).user)
  const config = loadConfig()
  const key = getSigningKey(config)
  const erasure = await withDatabase(config, 'owner', async (sql) => {
    // A newer release may have declared more columns as personal data.
    await refuseAhead(sql)
    return eraseUser(sql, key, userId)
  })
  console.log(describeErasure(userId, erasure))
}

function getSigningKey(config: Config): AuditSigningKey {
  const key = resolveAuditSigningKey(config)
  if (!key) throw new OperatorError('AUDIT_SIGNING_KEY is missing: npm run audit:keys makes one.')
  return key
}
