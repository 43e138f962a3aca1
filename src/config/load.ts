// No library serves: env-schema and envalid read no file, and loading a schema library would slow each start.
import { ConfigError } from './config-error.js'
import { readConfigFile } from './config-file.js'
import { derivedDefaults } from './defaults.js'
import { readEnvironment } from './env-file.js'
import { fromPackageRoot } from './paths.js'
import { findProductionMistakes } from './production.js'
import { type Config, type Setting, type SettingName, settingNames, settingOf } from './settings.js'
import { explain, isValid } from './validate.js'

type Values = Partial<Record<SettingName, unknown>>

export type LoadConfigOptions = {
  /** By default the environment of the process and `.env`. */
  env?: NodeJS.ProcessEnv
  /** Override the environment, and are validated in the same way. By default none. */
  overrides?: Partial<Config>
}

/**
 * Loads the settings. The order of precedence is: overrides, environment, `.env`, file, defaults.
 * @throws {ConfigError} with all mistakes, when a setting is not valid
 */
export function loadConfig({ env: givenEnv, overrides = {} }: LoadConfigOptions = {}): Config {
  const environment = givenEnv ? { env: givenEnv, mistakes: [] } : readEnvironment()
  const { env } = environment
  const file = readConfigFile(env.CONFIG_FILE?.trim() || undefined)
  const values = withDefaults(mergeSources([file.values, env, overrides]))
  const production = values.NODE_ENV === 'production' ? findProductionMistakes(values) : new Map()
  const invalid = settingNames.filter((name) => !production.has(name) && isInvalid(name, values[name]))
  const mistakes = [
    ...environment.mistakes,
    ...file.mistakes,
    ...production.values(),
    ...invalid.map((name) => explain(name, values[name])),
  ]
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Object.freeze(withDerived(values as Config))
}

/** Later sources override earlier ones. Empty values count as unset. */
function mergeSources(sources: Record<string, unknown>[]): Values {
  const entries = sources.flatMap((source) =>
    settingNames
      .map((name) => [name, convert(settingOf(name), source[name])] as const)
      .filter(([, value]) => value !== undefined && value !== null && value !== ''),
  )
  return Object.fromEntries(entries)
}

/** Converts the texts of the environment. Text that cannot be converted stays, and validation refuses it. */
function convert(setting: Setting, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  if ('integer' in setting && /^-?\d+$/.test(text)) return Number(text)
  if ('listOf' in setting && text !== '')
    return text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  return text
}

function withDefaults(values: Values): Values {
  const defaults = settingNames.map((name) => [name, settingOf(name).default] as const)
  return { ...Object.fromEntries(defaults.filter(([, value]) => value !== undefined)), ...values }
}

/** A setting without a value is optional here, or gets a derived default. */
const isInvalid = (name: SettingName, value: unknown): boolean =>
  value !== undefined && !isValid(settingOf(name), value)

function withDerived(values: Config): Config {
  const config: Record<string, unknown> & Config = { ...values }
  for (const [name, { of }] of Object.entries(derivedDefaults)) config[name] ??= of(config)
  return {
    ...config,
    // Paths are appended to these URLs.
    PUBLIC_URL: withoutTrailingSlash(config.PUBLIC_URL),
    ...(config.FRONTEND_URL && { FRONTEND_URL: withoutTrailingSlash(config.FRONTEND_URL) }),
    DATA_DIR: fromPackageRoot(config.DATA_DIR),
    LOG_FILE_PATH: config.LOG_FILE_PATH === 'off' ? 'off' : fromPackageRoot(config.LOG_FILE_PATH),
  }
}

const withoutTrailingSlash = (url: string): string => url.replace(/\/+$/, '')
