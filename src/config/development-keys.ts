import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  generateSigningKeyPem,
  parseSigningKeys,
  type SigningKey,
  SigningKeyError,
} from '../lib/auth/signing-keys.js'
import { errorCode } from '../lib/errors/system-error-code.js'
import { ConfigError } from './config-error.js'
import type { Config, SettingName } from './settings.js'

/** A key that a setting holds in production, and that development creates and keeps in a file. */
type KeptKey<T> = { setting: SettingName; file: string; parse: (text: string) => T }

/**
 * Returns the keys of access tokens, the signing key first. Without JWT_PRIVATE_KEYS, which production
 * requires, one is created and kept, so that sessions survive a restart.
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

/**
 * Returns the kept key, or creates it.
 * @throws {ConfigError} when the file is damaged or cannot be written
 */
export const keepKey = <T>(dataDir: string, key: KeptKey<T>): T =>
  withExplainedErrors(dataDir, key, (path) => key.parse(readFile(path) ?? keepNewKey(path, dataDir)))

/**
 * Returns the kept key, or undefined when there is none.
 * @throws {ConfigError} when the file is damaged or cannot be read
 */
export const findKeptKey = <T>(dataDir: string, key: KeptKey<T>): T | undefined =>
  withExplainedErrors(dataDir, key, (path) => {
    const text = readFile(path)
    return text === undefined ? undefined : key.parse(text)
  })

function withExplainedErrors<T>(
  dataDir: string,
  { setting, file }: KeptKey<unknown>,
  read: (path: string) => T,
): T {
  const path = join(dataDir, file)
  try {
    return read(path)
  } catch (error) {
    if (error instanceof SigningKeyError) {
      throw new ConfigError([`${path} is damaged: remove it, and a new key is created.`])
    }
    const reason = errorCode(error) ?? error
    throw new ConfigError([`${path} cannot be read or written (${reason}): set ${setting} or DATA_DIR.`])
  }
}

/**
 * When several processes start together, the first link wins. The others read its file, which is
 * complete.
 */
function keepNewKey(path: string, directory: string): string {
  mkdirSync(directory, { recursive: true })
  const draft = `${path}.${process.pid}`
  try {
    writeFileSync(draft, generateSigningKeyPem(), { mode: 0o600 })
    // The mode above applies only to a new file.
    chmodSync(draft, 0o600)
    linkSync(draft, path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8')
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
