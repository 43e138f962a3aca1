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
  /** By default that of the process, and what `.env` adds to it. */
  env?: NodeJS.ProcessEnv
  /** Above the environment, and held to the same rules. */
  overrides?: Partial<Config>
}

/**
 * Settings from the overrides, else the environment, else `.env`, else the file, else the defaults.
 * @throws {ConfigError} with every mistake at once
 */
export function loadConfig({ env: given, overrides = {} }: LoadConfigOptions = {}): Config {
  const environment = given ? { env: given, mistakes: [] } : readEnvironment()
  const { env } = environment
  const file = readConfigFile(env.CONFIG_FILE?.trim() || undefined)
  const values = withDefaults(mergeSources([file.values, env, overrides]))
  const production = values.NODE_ENV === 'production' ? findProductionMistakes(values) : new Map()
  const invalid = settingNames.filter((name) => !production.has(name) && isWrong(name, values[name]))
  const mistakes = [
    ...environment.mistakes,
    ...file.mistakes,
    ...production.values(),
    ...invalid.map((name) => explain(name, values[name])),
  ]
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Object.freeze(withDerived(values as Config))
}

/** What is empty counts as unset, in every source. */
function mergeSources(sources: Record<string, unknown>[]): Values {
  const given = sources.flatMap((source) =>
    settingNames
      .map((name) => [name, convert(settingOf(name), source[name])] as const)
      .filter(([, value]) => value !== undefined && value !== null && value !== ''),
  )
  return Object.fromEntries(given)
}

/** The environment knows only text; what does not convert is left for validation to refuse. */
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

/** What is absent by now is optional, or gets a derived default. */
const isWrong = (name: SettingName, value: unknown): boolean =>
  value !== undefined && !isValid(settingOf(name), value)

function withDerived(values: Config): Config {
  const config: Record<string, unknown> & Config = { ...values }
  for (const [name, { of }] of Object.entries(derivedDefaults)) config[name] ??= of(config)
  return {
    ...config,
    // Paths are appended to them, so that `//` must not arise.
    PUBLIC_URL: withoutEndSlash(config.PUBLIC_URL),
    ...(config.FRONTEND_URL && { FRONTEND_URL: withoutEndSlash(config.FRONTEND_URL) }),
    DATA_DIR: fromPackageRoot(config.DATA_DIR),
    LOG_FILE_PATH: config.LOG_FILE_PATH === 'off' ? 'off' : fromPackageRoot(config.LOG_FILE_PATH),
  }
}

const withoutEndSlash = (url: string): string => url.replace(/\/+$/, '')
