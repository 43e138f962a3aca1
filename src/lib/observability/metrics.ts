/** Named as in https://prometheus.io/docs/practices/naming/ */
export type Metric = { name: string; help: string; labels?: readonly string[] }

export type Labels = Readonly<Record<string, string | number>>
export type Sample = { value: number; labels?: Labels }

/** One value, or one for each combination of labels; undefined while the value is unknown. */
export type Values = number | readonly Sample[] | undefined

/** A metric that is read only when the metrics are scraped. */
export type Reading = Metric & { type: 'gauge' | 'counter'; read: () => Values | Promise<Values> }

/** The registry of metrics. */
export type Metrics = {
  /** False when no address serves the metrics, so that nothing needs to be measured. */
  isOn: boolean
  add: (readings: readonly Reading[]) => void
  counter: (metric: Metric) => (labels: Labels) => void
  histogram: (metric: Metric & { buckets: readonly number[] }) => (labels: Labels, value: number) => void
  /** All metrics in Prometheus's text format. */
  text: () => Promise<string>
}

export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const noop = () => undefined

/** Used when no address serves the metrics. Measures nothing. */
export const NO_METRICS: Metrics = {
  isOn: false,
  add: noop,
  counter: () => noop,
  histogram: () => noop,
  text: async () => '',
}
