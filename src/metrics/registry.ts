import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { withTimeout } from '../lib/async/with-timeout.js'
import type { Metric, Metrics, Reading, Sample, Values } from '../lib/observability/metrics.js'
import { processReadings, type Service } from './process.js'

/** Less than any scraper waits: whatever takes longer is left out, and the others are told. */
const READ_TIMEOUT_MS = 1_000

/** Those of this process, and what is added to them. */
export function createMetrics(service: Service): Metrics {
  const registry = new Registry()
  let reading: Promise<string> | undefined

  const optionsOf = ({ name, help, labels = [] }: Metric) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  const add = (readings: readonly Reading[]) => {
    for (const each of readings) {
      const metric = new (each.type === 'gauge' ? Gauge : Counter)({
        ...optionsOf(each),
        collect: async () => {
          const samples = await samplesOf(each)
          metric.reset()
          // Without a value there is no line, rather than a zero that nobody has seen.
          if (samples.length === 0 && !each.labels) metric.remove()
          for (const { labels = {}, value } of samples) metric.inc(labels, value)
        },
      })
    }
  }

  collectDefaultMetrics({ register: registry })
  add(processReadings(service))
  return {
    isOn: true,
    add,
    counter: (metric) => {
      const counter = new Counter(optionsOf(metric))
      return (labels) => counter.inc({ ...labels })
    },
    histogram: ({ buckets, ...metric }) => {
      const histogram = new Histogram({ ...optionsOf(metric), buckets: [...buckets] })
      return (labels, value) => histogram.observe(labels, value)
    },
    // However many ask at once, they are read once.
    text: () => {
      reading ??= registry.metrics().finally(() => {
        reading = undefined
      })
      return reading
    },
  }
}

async function samplesOf({ read }: Reading): Promise<readonly Sample[]> {
  try {
    const values: Values = await withTimeout(READ_TIMEOUT_MS, Promise.resolve(read()))
    return typeof values === 'number' ? [{ value: values }] : (values ?? [])
  } catch {
    return []
  }
}
