import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { errorCode } from '../lib/errors/system-error-code.js'
import { fromPackageRoot } from './paths.js'

/**
 * Returns the environment with the variables of `.env` added. Variables that are set and not empty
 * override the file. The variables are written into `env`, by default `process.env`, as
 * `process.loadEnvFile` does, because OpenTelemetry reads some of them there. With `CONFIG_FILE=off` no
 * file is read, including this one.
 */
export function readEnvironment(
  env: NodeJS.ProcessEnv = process.env,
  path: string = fromPackageRoot('.env'),
): { env: NodeJS.ProcessEnv; mistakes: string[] } {
  if (env.CONFIG_FILE?.trim() === 'off' || !existsSync(path)) return { env, mistakes: [] }
  try {
    for (const [name, value] of Object.entries(parseEnv(readFileSync(path, 'utf8')))) {
      if (!env[name]?.trim()) env[name] = value
    }
    return { env, mistakes: [] }
  } catch (error) {
    const reason = errorCode(error) ?? 'unknown'
    return { env, mistakes: [`${path} cannot be read (${reason}).`] }
  }
}
