/** `quota` requests per `windowMs`. */
export type Quota = { quota: number; windowMs: number }

const UNIT_SECONDS: Record<string, number> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  month: 2_592_000,
  year: 31_104_000,
}

const QUOTA = /^\s*(\d{1,6})\s*(?:\/|\bper\b)\s*(\d{1,6})?\s*([a-z]+)\s*$/i
const LONGEST_MS = 31_104_000_000

/**
 * Parses quotas such as `5/minute` and `1 per 30 seconds`, separated by `;`, `,` or `|`.
 * @throws {Error} when a part cannot be parsed; the message names it
 */
export function parseQuotas(text: string): Quota[] {
  const quotas = text.split(/[;,|]/).map(parseQuota)
  const windows = new Set(quotas.map(({ windowMs }) => windowMs))
  if (windows.size < quotas.length) throw new Error(`"${text}" has two limits with the same window`)
  return quotas
}

function parseQuota(text: string): Quota {
  const [, count, multiple = '1', unit = ''] = QUOTA.exec(text) ?? []
  const seconds = UNIT_SECONDS[unit.toLowerCase().replace(/s$/, '')]
  if (count === undefined || seconds === undefined) {
    throw new Error(`"${text.trim()}" is not a limit such as 5/minute or 1 per 30 seconds`)
  }
  const parsed = { quota: Number(count), windowMs: Number(multiple) * seconds * 1000 }
  if (parsed.quota === 0 || parsed.windowMs === 0) throw new Error(`"${text.trim()}" allows no requests`)
  if (parsed.windowMs > LONGEST_MS) throw new Error(`"${text.trim()}" has a window of more than a year`)
  return parsed
}
