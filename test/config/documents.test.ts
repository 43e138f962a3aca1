import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { permissionsTable } from '../../scripts/permissions-table.js'
import { ConfigError, loadConfig } from '../../src/config/index.js'
import { fromPackageRoot } from '../../src/config/paths.js'
import { settingNames, settingOf } from '../../src/config/settings.js'
import { settingsTable } from '../../src/config/settings-table.js'
import { SECURITY_EVENTS } from '../../src/lib/audit/security-events.js'
import { copyCheckout } from '../helpers/checkout.js'
import { run } from '../helpers/process.js'
import t from '../tap.js'

const [START, END] = ['<!-- settings:start -->', '<!-- settings:end -->']

const SAMPLE_FILE = fromPackageRoot('config/config.sample.yml')
const sample = readFileSync(SAMPLE_FILE, 'utf8')
const uncommented = sample.replace(/^# (?=[A-Z0-9_]+: )/gm, '')

t.test(
  'the sample lists every setting of the file once, in schema order, each with its explanation',
  async (t) => {
    const inFile = settingNames.filter((name) => !settingOf(name).environmentOnly)
    t.strictSame(
      [...uncommented.matchAll(/^([A-Z0-9_]+):/gm)].map(([, name]) => name),
      inFile,
    )
    const explained = [...sample.matchAll(/^# (?![A-Z0-9_]+: )[^\n]*\n(?:# )?([A-Z0-9_]+):/gm)].map(
      ([, name]) => name,
    )
    t.strictSame(explained, inFile)
  },
)

t.test('the sample sets defaults and comments out settings without a fixed default', async (t) => {
  const defaults = settingNames.flatMap((name) => {
    const { default: value, environmentOnly } = settingOf(name)
    return value === undefined || environmentOnly ? [] : [[name, value]]
  })
  t.strictSame(parse(sample), Object.fromEntries(defaults))
  for (const name of settingNames) {
    const { example } = settingOf(name)
    if (example !== undefined) t.equal(parse(uncommented)[name], example, `${name} shows its example`)
  }
})

t.test('loads the sample unchanged and gets the defaults', async (t) => {
  const { CONFIG_FILE: _, ...withSample } = loadConfig({ env: { CONFIG_FILE: SAMPLE_FILE } })
  const { CONFIG_FILE: __, ...without } = loadConfig({ env: { CONFIG_FILE: 'off' } })
  t.strictSame(withSample, without)
})

t.test('production rejects the sample, and each of its placeholders when it is uncommented', async (t) => {
  const refusal = (CONFIG_FILE: string) => {
    try {
      loadConfig({ env: { CONFIG_FILE, NODE_ENV: 'production' } })
    } catch (error) {
      if (error instanceof ConfigError) return error.mistakes
    }
    return []
  }
  t.strictSame(
    refusal(SAMPLE_FILE).map((mistake) => mistake.split(',')[0]),
    settingNames.filter((name) => settingOf(name).requiredInProduction).map((name) => `${name} is missing`),
  )
  const file = join(t.testdir({ 'config.yml': uncommented }), 'config.yml')
  t.strictSame(
    refusal(file).map((mistake) => mistake.split(' of')[0]),
    settingNames.filter((name) => settingOf(name).example).map((name) => `${name} still holds a placeholder`),
  )
})

t.test('docs/settings.md contains the table generated from the schema', async (t) => {
  const document = readFileSync(fromPackageRoot('docs/settings.md'), 'utf8')
  const [, table] = new RegExp(`${START}\n([^]*)\n${END}`).exec(document) ?? []
  t.equal(table, settingsTable(), 'is out of date: run npm run docs:settings')
  for (const name of settingNames) t.match(table, `\n| \`${name}\` | `)
})

t.test('the documentation of the audit log names exactly the existing events', async (t) => {
  const text = readFileSync(fromPackageRoot('docs/audit.md'), 'utf8')
  const [, list = ''] = /`event` names(.*?)`subjectId`/s.exec(text) ?? []
  t.strictSame(
    [...list.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name),
    SECURITY_EVENTS,
  )
})

t.test('the table of permissions in the documentation matches the one that the routes use', async (t) => {
  const text = readFileSync(fromPackageRoot('docs/organizations.md'), 'utf8')
  t.match(text, `<!-- permissions:start -->\n${permissionsTable()}\n<!-- permissions:end -->`)
})

t.test('npm run docs:settings writes only the table, and nothing on a second run', async (t) => {
  const cwd = copyCheckout(t)
  const file = join(cwd, 'docs/settings.md')
  const write = () => run(t, ['npm', 'run', '--silent', 'docs:settings'], { cwd })
  writeFileSync(file, `before\n${START}\n| old |\n${END}\nafter\n`)
  for (const time of ['first', 'second']) {
    t.match(await write(), { code: 0 })
    t.equal(readFileSync(file, 'utf8'), `before\n${START}\n${settingsTable()}\n${END}\nafter\n`, time)
  }
  writeFileSync(file, `${END}\n${START}\n`)
  t.match(await write(), { code: 1, stderr: /^docs\/settings\.md needs the lines .* in this order: .*\n$/ })
  t.equal(readFileSync(file, 'utf8'), `${END}\n${START}\n`)
})
