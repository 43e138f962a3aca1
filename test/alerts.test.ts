/**
 * The Prometheus rules over time: each alert fires when it should and stays silent when all is
 * well.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { fromPackageRoot } from '../src/config/paths.js'
import { run } from './helpers/process.js'
import t from './tap.js'

const skip = spawnSync('promtool', ['--version']).error !== undefined && 'promtool is not installed'

const cwd = fromPackageRoot('docs/operations')
const read = (file: string) => readFileSync(join(cwd, file), 'utf8')

type Case = { alertname: string; exp_alerts?: { exp_labels: Record<string, string> }[] }
const { tests } = parse(read('alerts.test.yml')) as { tests: { alert_rule_test: Case[] }[] }
const cases = tests.flatMap((test) => test.alert_rule_test)

t.test(
  'every alert has a firing case for each of its causes and a case in which it stays silent',
  async (t) => {
    const { groups } = parse(read('alerts.yml')) as { groups: { rules: { alert: string; expr: string }[] }[] }
    for (const { alert, expr } of groups.flatMap(({ rules }) => rules)) {
      const own = cases.filter(({ alertname }) => alertname === alert)
      t.ok(
        own.some(({ exp_alerts }) => !exp_alerts),
        `${alert} has a silent case`,
      )
      const fired = own.flatMap(({ exp_alerts = [] }) => exp_alerts.map(({ exp_labels }) => exp_labels))
      t.ok(fired.length > 0, `${alert} has a firing case`)
      for (const [, label = '', cause] of expr.matchAll(/"(\w+)", "([^"]+)", "", ""/g))
        t.ok(
          fired.some((labels) => labels[label] === cause),
          `${alert} has a firing case for ${cause}`,
        )
    }
  },
)

t.test('promtool passes every case of the alerts', { skip }, async (t) => {
  const { code, stdout, stderr } = await run(t, ['promtool', 'test', 'rules', 'alerts.test.yml'], { cwd })
  t.equal(code, 0, stdout + stderr)
})

t.test('promtool accepts the configuration of the guide together with the rules', { skip }, async (t) => {
  const cwd = t.testdir({ token: 'a token' })
  cpSync(fromPackageRoot('docs/operations/alerts.yml'), join(cwd, 'alerts.yml'))
  const [, config = ''] = /```yaml\n(rule_files.*?)```/s.exec(read('../operations.md')) ?? []
  writeFileSync(join(cwd, 'prometheus.yml'), config.replaceAll(/\/etc\/prometheus\/[\w-]+-token/g, 'token'))
  const checked = await run(t, ['promtool', 'check', 'config', 'prometheus.yml'], { cwd })
  t.match(checked, { code: 0, stdout: /5 rules found/ }, checked.stderr)
})
