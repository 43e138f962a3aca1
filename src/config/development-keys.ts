import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  generateSigningKeyPem,
  parseSigningKeys,
  type SigningKey,
  SigningKeyError,
} from '../lib/auth/signing-keys.js'
import { ConfigError } from './config-error.js'
import type { Config, SettingName } from './settings.js'

/** A key that a setting gives in production, and that is made and kept elsewhere. */
type KeptKey<T> = { setting: SettingName; file: string; parse: (text: string) => T }

/**
 * The keys of access tokens, the signing one first. Without JWT_PRIVATE_KEYS, which production refuses, one is made
 * and kept, so that a restart logs nobody out.
 * @throws {ConfigError} when the kept file is damaged or cannot be written
 */
export function resolveSigningKeys(
  config: Pick<Config, 'JWT_PRIVATE_KEYS' | 'DATA_DIR'>,
): [SigningKey, ...SigningKey[]] {
  if (config.JWT_PRIVATE_KEYS !== undefined) return parseSigningKeys(config.JWT_PRIVATE_KEYS)
  return keepKey(config.DATA_DIR, {
    setting: 'JWT_PRIVATE_KEYS',
    file: 'jwt-keys.pem',
    parse: parseSigningKeys,
  })
}

/** The kept key, made where there is none yet. @throws {ConfigError} */
export const keepKey = <T>(dataDir: string, key: KeptKey<T>): T =>
  explained(dataDir, key, (path) => key.parse(readFile(path) ?? keepNewKey(path, dataDir)))

/** The kept key, if there is one. @throws {ConfigError} */
export const findKeptKey = <T>(dataDir: string, key: KeptKey<T>): T | undefined =>
  explained(dataDir, key, (path) => {
    const text = readFile(path)
    return text === undefined ? undefined : key.parse(text)
  })

function explained<T>(dataDir: string, { setting, file }: KeptKey<unknown>, read: (path: string) => T): T {
  const path = join(dataDir, file)
  try {
    return read(path)
  } catch (error) {
    if (error instanceof SigningKeyError) {
      throw new ConfigError([`${path} is damaged: remove it, and a new key is made.`])
    }
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new ConfigError([`${path} cannot be read or written (${reason}): set ${setting} or DATA_DIR.`])
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
