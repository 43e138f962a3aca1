/** What is measured, in Prometheus's words: https://prometheus.io/docs/practices/naming/ */
export type Metric = { name: string; help: string; labels?: readonly string[] }

export type Labels = Readonly<Record<string, string | number>>
export type Sample = { value: number; labels?: Labels }

/** One value, or one for each combination of labels; undefined while it cannot be known. */
export type Values = number | readonly Sample[] | undefined

/** Is read when somebody asks for it, and costs nothing until then. */
export type Reading = Metric & { type: 'gauge' | 'counter'; read: () => Values | Promise<Values> }

export type Metrics = {
  /** False where nobody can read them: then nothing needs to be measured. */
  isOn: boolean
  add: (readings: readonly Reading[]) => void
  counter: (metric: Metric) => (labels: Labels) => void
  histogram: (metric: Metric & { buckets: readonly number[] }) => (labels: Labels, value: number) => void
  /** All of them, in Prometheus's text format. */
  text: () => Promise<string>
}

export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const nothing = () => undefined

export const NO_METRICS: Metrics = {
  isOn: false,
  add: nothing,
  counter: () => nothing,
  histogram: () => nothing,
  text: async () => '',
}
