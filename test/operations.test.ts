/** Compares the documents for operators with the metrics of a real API and a real worker. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { fromPackageRoot } from '../src/config/paths.js'
import { settingNames } from '../src/config/settings.js'
import { sealAuditLog } from '../src/db/seals/seal.js'
import { buildTestApp } from './helpers/app.js'
import { newAuditKey } from './helpers/audit-seals.js'
import { connect } from './helpers/database.js'
import { eventually } from './helpers/eventually.js'
import { parseMetrics, type Scrape } from './helpers/metrics.js'
import { readPromql, type Selector } from './helpers/promql.js'
import { startTestWorker } from './helpers/worker.js'
import t, { type Test } from './tap.js'

const read = (path: string) => readFileSync(fromPackageRoot(path), 'utf8')

const guide = read('docs/operations.md')

type Rule = {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; runbook: string }
}
const { groups } = parse(read('docs/operations/alerts.yml')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)

type Panel = {
  id: number
  type: string
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  datasource?: { uid: string }
  targets?: { expr: string; legendFormat: string; datasource: { uid: string } }[]
}
const { panels } = JSON.parse(read('docs/operations/grafana.json')) as { panels: Panel[] }

/** Fills in the variable of Grafana. */
const inGrafana = (expression: string) => expression.replaceAll('$__rate_interval', '5m')
const targets = panels.flatMap((panel) => panel.targets ?? [])
const expressions = [...rules.map(({ expr }) => expr), ...targets.map(({ expr }) => inGrafana(expr))]

const scrapeConfig = parse(/```yaml\n(.*?)```/s.exec(guide)?.[1] ?? '') as {
  scrape_configs: { job_name: string }[]
}
const JOBS = scrapeConfig.scrape_configs.map((job) => job.job_name)

/** The labels that Prometheus sets for each target. */
const LABELS_OF_TARGETS = ['job', 'instance']

const NODE_METRIC = /^(process|nodejs)_(?!eventloop_time)/
const HISTOGRAM_SERIES = /_(bucket|sum|count)$/

let api: Scrape
let worker: Scrape

t.before(async () => {
  ;[api, worker] = await produceAllMetrics(t)
})

/** Scrapes an API and a worker in which every labelled event has happened. */
async function produceAllMetrics(t: Test): Promise<[Scrape, Scrape]> {
  const config = {
    METRICS_TOKEN: 'x'.repeat(32),
    WORKER_METRICS_PORT: 0,
    RATE_LIMIT: 'on',
    BREACHED_PASSWORDS_URL: 'http://127.0.0.1:1/range',
  } as const
  const test = await buildTestApp(t, { config })
  const { app, anonymous, database, signUp } = test
  const running = await startTestWorker(t, test)
  const owner = connect(t, database.ownerUrl)
  await sealAuditLog(app.transactions, newAuditKey())
  const person = { firstName: 'Ada', lastName: 'Test', password: 'a long and quiet sentence' }
  await anonymous.post('/auth/register', { ...person, email: 'ada@example.com' })
  for (const _ of [1, 2]) await anonymous.post('/auth/forgot-password', { email: 'ada@example.com' })
  await anonymous.request({ method: 'GET', url: '/%zz' })
  const user = await signUp()
  await owner`alter table users disable trigger audit_capture`
  await user.patch('/me', { firstName: 'Unseen' })
  await owner`alter table users enable trigger audit_capture`
  await app.settleAuditRequests()
  await owner`insert into outbox (job, payload) values ('no-such-job', '{}')`
  await owner`notify outbox`
  const [migration] = await owner`delete from drizzle.migrations returning *`
  await anonymous.request({ method: 'GET', url: '/readyz' })
  t.ok(migration)

  const ofWorker = await eventually(async () => {
    const scraped = parseMetrics(await running.metrics.text())
    const outcomes = ['done', 'dead'].map((outcome) =>
      scraped.value('app_job_duration_seconds_count', { outcome }),
    )
    return outcomes.every(Boolean) && scraped.value('app_mails_total') ? scraped : undefined
  })
  const headers = { authorization: `Bearer ${config.METRICS_TOKEN}` }
  const ofApi = await eventually(async () => {
    const { text } = await anonymous.request({ method: 'GET', url: '/metrics', headers })
    const scraped = parseMetrics(text)
    return scraped.value('app_dead_letters') ? scraped : undefined
  })
  return [ofApi, ofWorker]
}

/**
 * The causes that an alert adds as labels: `label_replace(…, "what", "nothing is sealed", "", "")`.
 */
const causesIn = (expr: string) =>
  [...expr.matchAll(/"(?:what|cause|job_name)", "([^"]+)", "", ""/g)].map(([, cause = '']) => cause)

/** The labels of a metric, each with its scraped values; undefined when there is no such metric. */
function labelsOf(name: string, scrapes = [api, worker]): Map<string, Set<string>> | undefined {
  if (name === 'up') return new Map()
  const series = scrapes.flatMap((scrape) => scrape.series).filter((each) => each.name === name)
  const isDeclared = scrapes.some(({ names }) => names.includes(name))
  if (series.length === 0 && !isDeclared) return undefined
  const labels = new Map<string, Set<string>>()
  for (const [label, value] of series.flatMap((each) => Object.entries(each.labels))) {
    labels.set(label, (labels.get(label) ?? new Set()).add(value))
  }
  return labels
}

/** The metric, labels and values of a selector that no process shows. */
function findMissing({ metric, matchers }: Selector): string[] {
  const labels = labelsOf(metric)
  if (!labels) return [`no metric ${metric}`]
  return matchers.flatMap(({ label, operator, value }) => {
    const values = label === 'job' ? JOBS : labels.get(label)
    if (!values) return [`${metric} has no label ${label}`]
    const matches = (shown: string) =>
      operator.includes('~') ? new RegExp(`^(?:${value})$`).test(shown) : shown === value
    return [...values].some(matches) ? [] : [`${metric} has no ${label} like ${value}`]
  })
}

t.test('every metric, label and value in the alerts and on the dashboard exists', async (t) => {
  t.ok(expressions.length > 30)
  for (const expression of expressions) {
    const { selectors, grouped, made } = readPromql(expression)
    t.ok(selectors.length > 0, expression)
    t.strictSame(selectors.flatMap(findMissing), [], expression)
    const known = new Set([...LABELS_OF_TARGETS, ...made])
    for (const { metric } of selectors) for (const label of labelsOf(metric)?.keys() ?? []) known.add(label)
    t.strictSame(
      grouped.filter((label) => !known.has(label)),
      [],
      expression,
    )
  }
})

t.test('counts a change without an entry, and an alert uses that count', async (t) => {
  t.equal(api.value('app_audit_missing_total'), 1)
  t.equal(api.value('app_audit_requests_lost_total'), 0)
  const [rule] = rules.filter(({ expr }) => expr.includes('app_audit_missing_total'))
  t.equal(rule?.alert, 'AuditIncomplete')
})

t.test('the runbook covers every cause that an alert names', async (t) => {
  for (const { alert, expr } of rules) {
    const [, runbook = ''] = guide.split(new RegExp(`^### ${alert}$`, 'm'))
    const [ofThisAlert = ''] = runbook.split(/^##/m)
    for (const cause of causesIn(expr)) t.ok(ofThisAlert.includes(cause), `${alert}: ${cause}`)
  }
})

t.test('no metric uses a label that Prometheus sets itself', async (t) => {
  for (const { name, labels } of [...api.series, ...worker.series]) {
    t.notOk(
      Object.keys(labels).find((label) => LABELS_OF_TARGETS.includes(label)),
      name,
    )
  }
})

t.test('there are five alerts, each with a runbook and filled-in texts', async (t) => {
  t.equal(rules.length, 5)
  for (const { alert, expr, labels, annotations } of rules) {
    t.ok(['page', 'ticket'].includes(labels.severity))
    t.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`)
    t.ok(guide.includes(`\n### ${alert}\n\n*${labels.severity}: `), `${alert} has a runbook`)
    const { selectors, grouped, made } = readPromql(expr)
    const known = [
      ...grouped,
      ...made,
      ...selectors.flatMap(({ matchers }) => matchers.map(({ label }) => label)),
    ]
    for (const [, label = ''] of annotations.summary.matchAll(/\$labels\.(\w+)/g)) t.ok(known.includes(label))
  }
  const runbooks = [...guide.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
  t.strictSame(
    runbooks,
    rules.map(({ alert }) => alert),
    'every runbook has its alert',
  )
})

t.test('the dashboard shows each panel once, in its place, from the selected data source', async (t) => {
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  )
  t.equal(new Set(cells).size, cells.length, 'no panel overlaps another')
  t.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24))
  for (const { title, type, datasource, targets = [] } of panels) {
    if (type === 'row') continue
    const sources = [datasource, ...targets.map((target) => target.datasource)].map((source) => source?.uid)
    t.strictSame([...new Set(sources)], ['$datasource'], title)
    for (const { expr, legendFormat } of targets) {
      const { grouped } = readPromql(inGrafana(expr))
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
      const isGrouped = grouped.length > 0
      t.ok(
        shown.every((label) => (isGrouped ? grouped : LABELS_OF_TARGETS).includes(label)),
        `${title}: ${legendFormat}`,
      )
    }
  }
})

t.test('the table of metrics lists every metric with its labels and processes', async (t) => {
  const rows = [...guide.matchAll(/^\| `(\w+)` \|([^|]*)\| (API|worker|both) \| /gm)]
  const documented = rows.map(([, name, labels = '', of]) => {
    const names = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)
    return `${name} {${names.sort().join()}} ${of}`
  })
  const own = (scrape: Scrape) => scrape.names.filter((name) => !NODE_METRIC.test(name))
  const shown = [...new Set([...own(api), ...own(worker)])].map((name) => {
    const series = [name, `${name}_count`].flatMap((series) => [...(labelsOf(series)?.keys() ?? [])])
    const of = [own(api), own(worker)].map((names) => names.includes(name))
    const who = of.every(Boolean) ? 'both' : of[0] ? 'API' : 'worker'
    return `${name} {${[...new Set(series)].sort().join()}} ${who}`
  })
  t.strictSame(documented.sort(), shown.sort())
})

t.test('every metric and setting in the guide exists', async (t) => {
  const names = guide.match(/\b(?:app|http_server|db_client|process|nodejs)_[a-z0-9_]*[a-z0-9]\b/g) ?? []
  const labels = [...api.series, ...worker.series].flatMap((each) => Object.keys(each.labels))
  const isKnown = (name: string) =>
    labels.includes(name) || labelsOf(name.replace(HISTOGRAM_SERIES, '')) || labelsOf(name)
  t.strictSame(
    names.filter((name) => !isKnown(name) && !guide.includes(`${name}_…`)),
    [],
  )
  const settings = guide.match(/`[A-Z][A-Z0-9]*_[A-Z0-9_]+`/g) ?? []
  const known: readonly string[] = [...settingNames, 'SERVICE_UNAVAILABLE']
  t.strictSame(
    settings.filter((name) => !known.includes(name.slice(1, -1))),
    [],
  )
})
