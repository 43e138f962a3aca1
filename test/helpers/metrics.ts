import type { MetricsOptions } from '../../src/plugins/infra/metrics.js'

/** Options of the metrics plugin for an app built by hand: nothing is measured. */
export const UNMEASURED: MetricsOptions = { service: 'worker', version: 'test', METRICS_HOST: '127.0.0.1' }

type Series = { name: string; labels: Record<string, string>; value: number }

export type Scrape = {
  /** The declared names; that of a histogram without `_bucket`, `_sum` and `_count`. */
  names: string[]
  series: Series[]
  /** The sum of the series with these labels; undefined when there is none. */
  value: (name: string, labels?: Record<string, string>) => number | undefined
}

/**
 * Parses the text format as strictly as Prometheus does.
 *
 * @throws {Error} when Prometheus would refuse a line
 */
export function parseMetrics(text: string): Scrape {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('# HELP '))
  const types = lines.flatMap(
    (line) => /^# TYPE (\w+) (?:counter|gauge|histogram|summary)$/.exec(line)?.[1] ?? [],
  )
  const series = lines.filter((line) => !line.startsWith('# TYPE ')).map(parseLine)
  return {
    names: types,
    series,
    value: (name, labels = {}) => {
      const found = series.filter(
        (each) =>
          each.name === name &&
          Object.entries(labels).every(([label, value]) => each.labels[label] === value),
      )
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

function parseLine(line: string): Series {
  const [, name, labels = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined) throw new Error(`Prometheus would not read: ${line}`)
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)]
  if (pairs.map(([pair]) => pair).join('') !== labels) throw new Error(`Invalid labels: ${line}`)
  const number = Number(value.replace('Inf', 'Infinity'))
  return { name, labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])), value: number }
}

/** Reads the metrics of a separate port. */
export async function scrape(url: string, token?: string): Promise<Scrape> {
  const response = await fetch(
    url,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  )
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  return parseMetrics(await response.text())
}
