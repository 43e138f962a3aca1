import { isLoopback } from '../lib/network/loopback.js'
import { type SettingName, settingNames, settingOf } from './settings.js'

type Values = Partial<Record<SettingName, unknown>>

/** What every placeholder of the sample contains, so that one changed in part is still recognised. */
const PLACEHOLDER = /change[-_]?me/i

/** What is bearable elsewhere and dangerous here, by setting. */
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
    return settingOf(name).requiredInProduction && 'is missing, and production needs it.'
  if (PLACEHOLDER.test(String(value))) return 'still holds a placeholder of the sample: set your own.'
  return dangers[name]?.(value, values)
}

const dangers: Partial<Record<SettingName, (value: unknown, values: Values) => string | undefined>> = {
  PUBLIC_URL: (value) => (isSafeUrl(String(value)) ? undefined : 'must begin with https:// in production.'),
  CORS_ORIGINS: (value) =>
    [value].flat().includes('*')
      ? 'must name its origins in production: * lets every page call the API.'
      : undefined,
  RATE_LIMIT: (value) => (value === 'off' ? 'must not be off in production.' : undefined),
  AUDIT_RETENTION_MONTHS: (_, { AUDIT_SIGNING_KEY }) =>
    AUDIT_SIGNING_KEY === undefined
      ? 'needs AUDIT_SIGNING_KEY in production: only months that are sealed are dropped.'
      : undefined,
  METRICS_HOST: (value, { METRICS_PORT, WORKER_METRICS_PORT, METRICS_TOKEN }) =>
    (METRICS_PORT ?? WORKER_METRICS_PORT) !== undefined &&
    METRICS_TOKEN === undefined &&
    !isLoopback(String(value).replace(/^::1$/, '[::1]'))
      ? 'needs METRICS_TOKEN in production where it is not an address of this machine alone, such as 127.0.0.1.'
      : undefined,
  LOG_LEVEL: (value) =>
    value === 'debug' || value === 'trace'
      ? `must not be ${value} in production: such logs keep more than they should.`
      : undefined,
}

/** What is no URL at all gets its own mistake. */
function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return true
  const { protocol, hostname } = new URL(value)
  return protocol !== 'http:' || isLoopback(hostname)
}
