import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { withTimeout } from '../lib/async/with-timeout.js'
import type { Metric, Metrics, Reading, Sample, Values } from '../lib/observability/metrics.js'
import { processReadings, type Service } from './process.js'

/**
 * Shorter than the timeout of any scraper. A metric that takes longer is left out; the others are
 * returned.
 */
const READ_TIMEOUT_MS = 1_000

/** Starts with the metrics of the process itself. */
export function createMetrics(service: Service): Metrics {
  const registry = new Registry()
  let text: Promise<string> | undefined

  const optionsOf = ({ name, help, labels = [] }: Metric) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  const add = (readings: readonly Reading[]) => {
    for (const reading of readings) {
      const metric: Gauge | Counter = new (reading.type === 'gauge' ? Gauge : Counter)({
        ...optionsOf(reading),
        collect: () => update(metric, reading),
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
    // Concurrent calls share one reading.
    text: () => {
      text ??= registry.metrics().finally(() => {
        text = undefined
      })
      return text
    },
  }
}

async function update(metric: Gauge | Counter, reading: Reading): Promise<void> {
  const samples = await samplesOf(reading)
  metric.reset()
  // Without a value there is no line. A zero would be false.
  if (samples.length === 0 && !reading.labels) metric.remove()
  for (const { labels = {}, value } of samples) metric.inc(labels, value)
}

async function samplesOf({ read }: Reading): Promise<readonly Sample[]> {
  try {
    const values: Values = await withTimeout(READ_TIMEOUT_MS, Promise.resolve(read()))
    return typeof values === 'number' ? [{ value: values }] : (values ?? [])
  } catch {
    return []
  }
}
