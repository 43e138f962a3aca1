import type { MetricsOptions } from '../../src/plugins/infra/metrics.js'

/** For a part of the system that is put together by hand. */
export const UNMEASURED: MetricsOptions = { service: 'worker', version: 'test', METRICS_HOST: '127.0.0.1' }

type Series = { name: string; labels: Record<string, string>; value: number }

export type Scrape = {
  /** As declared, a histogram under its own name. */
  names: string[]
  series: Series[]
  /** The sum of what has these labels; undefined without a line of it. */
  value: (name: string, labels?: Record<string, string>) => number | undefined
}

/** Reads Prometheus's text format as strictly as Prometheus does. @throws for a line that it would refuse */
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
  if (pairs.map(([pair]) => pair).join('') !== labels) throw new Error(`These are no labels: ${line}`)
  const number = Number(value.replace('Inf', 'Infinity'))
  return { name, labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])), value: number }
}

/** From a port of their own. */
export async function scrape(url: string, token?: string): Promise<Scrape> {
  const response = await fetch(
    url,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  )
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  return parseMetrics(await response.text())
}
