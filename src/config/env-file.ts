import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { fromPackageRoot } from './paths.js'

/**
 * The environment with what `.env` adds to it: a variable that is set and not empty wins over the file. It is written into
 * `process.env`, as `process.loadEnvFile` does, because OpenTelemetry reads some of it there.
 * `CONFIG_FILE=off` reads no file, and so not this one.
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
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return { env, mistakes: [`${path} cannot be read (${reason}).`] }
  }
}
