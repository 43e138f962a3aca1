import Format from 'typebox/format'
import Value from 'typebox/value'
import { ConfigError } from './config-error.js'
import { readConfigFile } from './config-file.js'
import { derivedDefaults } from './defaults.js'
import { formats } from './formats.js'
import { fromPackageRoot } from './paths.js'
import { findProductionMistakes } from './production.js'
import { type Config, type Setting, type SettingName, settingNames, settingOf, settings } from './settings.js'

for (const [name, { accepts }] of Object.entries(formats)) Format.Set(name, accepts)

const required: readonly string[] = settings.required

type Values = Partial<Record<SettingName, unknown>>

export type LoadConfigOptions = {
  env?: NodeJS.ProcessEnv
  /** Above the environment, and held to the same rules. */
  overrides?: Partial<Config>
}

/**
 * Settings from the overrides, else the environment, else the file, else the defaults.
 * @throws {ConfigError} with every mistake at once
 */
export function loadConfig({ env = process.env, overrides = {} }: LoadConfigOptions = {}): Config {
  const file = readConfigFile(env.CONFIG_FILE?.trim() || undefined)
  const values = withDefaults(mergeSources([file.values, env, overrides]))
  const production = values.NODE_ENV === 'production' ? findProductionMistakes(values) : new Map()
  const invalid = settingNames.filter((name) => !production.has(name) && !isValid(name, values[name]))
  const mistakes = [
    ...file.mistakes,
    ...production.values(),
    ...invalid.map((name) => explain(name, values[name])),
  ]
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Object.freeze(derive(values as Config))
}

/** What is empty counts as unset, in every source. */
function mergeSources(sources: Record<string, unknown>[]): Values {
  const given = sources.map((source) =>
    settingNames
      .map((name) => [name, convert(settingOf(name), source[name])] as const)
      .filter(([, value]) => value !== undefined && value !== null && value !== ''),
  )
  return Object.fromEntries(given.flat())
}

function withDefaults(values: Values): Values {
  const defaults = settingNames.map((name) => [name, settingOf(name).default] as const)
  return { ...Object.fromEntries(defaults.filter(([, value]) => value !== undefined)), ...values }
}

/** The environment knows only text; what does not convert is left for validation to refuse. */
function convert({ type }: Setting, value: unknown): unknown {
  if (typeof value !== 'string') return value
  const text = value.trim()
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text)
  if (type === 'array' && text !== '')
    return text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  return text
}

function isValid(name: SettingName, value: unknown): boolean {
  if (value === undefined) return name in derivedDefaults || !required.includes(name)
  return Value.Check(settings.properties[name], value)
}

function explain(name: SettingName, value: unknown): string {
  const setting = settingOf(name)
  const shown = JSON.stringify(value)
  const given = setting.secret ? '' : `, not ${shown.length > 100 ? `${shown.slice(0, 100)}…` : shown}`
  return `${name} must be ${expected(setting)}${given}.`
}

function expected({ type, enum: choices, format, items, minimum, maximum }: Setting): string {
  if (choices) return `one of ${choices.join(', ')}`
  if (type === 'integer') return `a whole number from ${minimum} to ${maximum}`
  return formats[format ?? items?.format ?? '']?.expected ?? 'text'
}

function derive(values: Config): Config {
  const config: Record<string, unknown> & Config = { ...values }
  for (const [name, { of }] of Object.entries(derivedDefaults)) config[name] ??= of(config)
  return {
    ...config,
    // Paths are appended to it, so that `//` must not arise.
    PUBLIC_URL: config.PUBLIC_URL.replace(/\/+$/, ''),
    DATA_DIR: fromPackageRoot(config.DATA_DIR),
    LOG_FILE_PATH: config.LOG_FILE_PATH === 'off' ? 'off' : fromPackageRoot(config.LOG_FILE_PATH),
  }
}
