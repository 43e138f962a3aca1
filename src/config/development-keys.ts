import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  generateSigningKeyPem,
  parseSigningKeys,
  type SigningKey,
  SigningKeyError,
} from '../lib/signing-keys.js'
import { ConfigError } from './config-error.js'
import type { Config } from './settings.js'

/**
 * The keys of access tokens, the signing one first. Without JWT_PRIVATE_KEYS, which production refuses, one is made
 * and kept, so that a restart logs nobody out.
 * @throws {ConfigError} when the kept file is damaged or cannot be written
 */
export function resolveSigningKeys(
  config: Pick<Config, 'JWT_PRIVATE_KEYS' | 'DATA_DIR'>,
): [SigningKey, ...SigningKey[]] {
  if (config.JWT_PRIVATE_KEYS !== undefined) return parseSigningKeys(config.JWT_PRIVATE_KEYS)
  const path = join(config.DATA_DIR, 'jwt-keys.pem')
  try {
    return parseSigningKeys(readFile(path) ?? keepNewKey(path, config.DATA_DIR))
  } catch (error) {
    if (error instanceof SigningKeyError) {
      throw new ConfigError([`${path} is damaged: remove it, and a new key is made.`])
    }
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new ConfigError([
      `${path} cannot be read or written (${reason}): set JWT_PRIVATE_KEYS or DATA_DIR.`,
    ])
  }
}

/** Of processes that start together the first to link wins, and the others read what it wrote, never half of it. */
function keepNewKey(path: string, directory: string): string {
  mkdirSync(directory, { recursive: true })
  const draft = `${path}.${process.pid}`
  try {
    writeFileSync(draft, generateSigningKeyPem(), { mode: 0o600 })
    // The mode above holds for a new file only.
    chmodSync(draft, 0o600)
    linkSync(draft, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8')
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
