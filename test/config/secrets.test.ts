import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ConfigError, loadConfig } from '../../src/config/index.js'
import { settingNames, settings } from '../../src/config/settings.js'
import t from '../tap.js'

const SECRET = 'hunter2'

/** Everything that a start with this configuration would print. */
function refusal(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig({ env })
    return ''
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}

t.test('never prints the value of a secret, however it is wrong', async (t) => {
  const secrets = settingNames.filter((name) => 'secret' in settings[name])
  t.strictSame(secrets, [
    'DATABASE_URL',
    'DATABASE_DIRECT_URL',
    'DATABASE_MIGRATION_URL',
    'REDIS_URL',
    'SMTP_URL',
    'JWT_PRIVATE_KEYS',
    'AUDIT_SIGNING_KEY',
    'AUDIT_PUBLIC_KEYS',
    'METRICS_TOKEN',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  ])
  for (const NODE_ENV of ['development', 'production']) {
    for (const name of secrets) {
      for (const value of [
        SECRET,
        `http://ada:${SECRET}@host/db`,
        `x://${SECRET}`,
        `{"kty":"${SECRET}"}`,
        `change-me-${SECRET}`,
      ]) {
        const printed = refusal({ CONFIG_FILE: 'off', NODE_ENV, [name]: value })
        // The URL of a collector may contain a password.
        const isValid = name.startsWith('OTEL_') && value.startsWith('http:')
        t.equal(new RegExp(`\n- ${name} (must be|still holds)`).test(printed), !isValid, `${name}=${value}`)
        t.notMatch(printed, SECRET)
      }
    }
  }
  t.match(refusal({ CONFIG_FILE: 'off', DATABASE_URL: 'postgres://ada:10%off@host/db' }), /percent-encoded/)
})

t.test('never prints a secret that is in the wrong place', async (t) => {
  const inFile = (content: string) =>
    refusal({ CONFIG_FILE: join(t.testdir({ 'config.yml': content }), 'config.yml') })
  const url = `smtp://ada:${SECRET}@host`
  const warnings: string[] = []
  process.on('warning', ({ message }) => warnings.push(message))
  const printed = [
    refusal({ CONFIG_FILE: 'off', PUBLIC_URL: `https://ada:${SECRET}@api.example.com` }),
    refusal({ CONFIG_FILE: 'off', CORS_ORIGINS: `https://a.example.com, ${url}` }),
    inFile(`SMTP_URL: "${url}`),
    inFile(`SMTP_URL: ${url}\nSMTP_URL: ${url}`),
    inFile(`SMTP_URL=${url}`),
    inFile(`PORT: 3000\nSMTP_URL ${url}: x`),
    inFile(`{ SMTP_URL=${url} }`),
    inFile(`? [${url}]\n: 3`),
    inFile(`SMTP_URL: *${SECRET}`),
    inFile(`SMTP_URL: @${SECRET}`),
    inFile(`SMTP_URL:\n  host: ${SECRET}`),
  ]
  for (const text of printed) {
    t.match(text, /^The configuration has /)
    t.notMatch(text, SECRET)
  }
  await setImmediate()
  t.strictSame(warnings, [], 'no library prints it in a warning')
})

t.test('rejects a file that is not YAML or not a list of settings, with the position', async (t) => {
  const refused = (content: string) =>
    refusal({ CONFIG_FILE: join(t.testdir({ 'config.yml': content }), 'config.yml') })
  t.match(refused('PORT: 3000\nHOST: "127'), /config\.yml, line 2, column \d+: this is not valid YAML \(/)
  t.match(refused('PORT: 1\nPORT: 2\n\n\tx'), /line 2, column 1: this is not valid YAML \(duplicate key\)/)
  t.match(refused('- PORT'), /config\.yml must be a list of settings, each on a line such as PORT: 3000\.$/)
  t.match(refused('PORT'), /must be a list of settings/)
  t.match(refused('PORT: *x'), /an alias \(\*\) in it is not valid/)
  t.match(refused('PORT: &a [*a]'), /PORT must be a whole number/)
  t.match(refused('CORS_ORIGINS: *'), /line 1, column 15: this is not valid YAML \(bad alias\)/)
})

t.test('a file that is named must exist, and "off" reads none', async (t) => {
  const directory = t.testdir({ 'config.yml': 'PORT: 4000' })
  t.equal(loadConfig({ env: { CONFIG_FILE: join(directory, 'config.yml') } }).PORT, 4000)
  t.equal(loadConfig({ env: { CONFIG_FILE: 'off' } }).PORT, 3000)
  t.match(
    refusal({ CONFIG_FILE: 'config/no-such.yml' }),
    /- CONFIG_FILE names \/.*\/config\/no-such\.yml, which does not exist\.$/,
  )
  mkdirSync(join(directory, 'folder'))
  t.match(refusal({ CONFIG_FILE: join(directory, 'folder') }), /which cannot be read \(EISDIR\)\.$/)
  t.match(refusal({ CONFIG_FILE: join(directory, 'config.yml', 'x') }), /which cannot be read \(ENOTDIR\)\.$/)
})
