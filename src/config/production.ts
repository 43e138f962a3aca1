import { isLoopback } from '../lib/network/loopback.js'
import { type SettingName, settingNames, settingOf } from './settings.js'

type Values = Partial<Record<SettingName, unknown>>

/** Part of every placeholder in the sample, so that a partly changed one is still recognized. */
const PLACEHOLDER = /change[-_]?me/i

/** Finds values that are acceptable in development but dangerous in production, by setting. */
export function findProductionMistakes(values: Values): Map<SettingName, string> {
  const mistakes = new Map<SettingName, string>()
  for (const name of settingNames) {
    const mistake = findMistake(name, values)
    if (mistake !== undefined) mistakes.set(name, `${name} ${mistake}`)
  }
  return mistakes
}

function findMistake(name: SettingName, values: Values): string | undefined {
  const value = values[name]
  if (value === undefined)
    return settingOf(name).requiredInProduction && 'is missing, and production requires it.'
  if (PLACEHOLDER.test(String(value))) return 'still holds a placeholder of the sample: set your own.'
  return dangers[name]?.(value, values)
}

const dangers: Partial<Record<SettingName, (value: unknown, values: Values) => string | undefined>> = {
  PUBLIC_URL: (value) => (isSafeUrl(String(value)) ? undefined : 'must begin with https:// in production.'),
  CORS_ORIGINS: (value) =>
    [value].flat().includes('*')
      ? 'must list its origins in production: * lets every page call the API.'
      : undefined,
  RATE_LIMIT: (value) => (value === 'off' ? 'must not be off in production.' : undefined),
  AUDIT_RETENTION_MONTHS: (_, { AUDIT_SIGNING_KEY }) =>
    AUDIT_SIGNING_KEY === undefined
      ? 'needs AUDIT_SIGNING_KEY in production: only sealed months are dropped.'
      : undefined,
  METRICS_HOST: (value, { METRICS_PORT, WORKER_METRICS_PORT, METRICS_TOKEN }) =>
    (METRICS_PORT ?? WORKER_METRICS_PORT) !== undefined &&
    METRICS_TOKEN === undefined &&
    !isLoopback(String(value).replace(/^::1$/, '[::1]'))
      ? 'needs METRICS_TOKEN in production, unless only this machine can reach it, as with 127.0.0.1.'
      : undefined,
  LOG_LEVEL: (value) =>
    value === 'debug' || value === 'trace'
      ? `must not be ${value} in production: such logs hold too much.`
      : undefined,
}

/** True for a text that is not a URL, which validation reports. */
function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return true
  const { protocol, hostname } = new URL(value)
  return protocol !== 'http:' || isLoopback(hostname)
}
