import { ConfigError, loadConfig } from '../../src/config/index.js'
import { settingNames, settingOf } from '../../src/config/settings.js'
import { generateSigningKeyPem } from '../../src/lib/auth/signing-keys.js'
import t from '../tap.js'

/** The settings that production requires. */
const SAFE = {
  CONFIG_FILE: 'off',
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.example.com',
  DATABASE_URL: 'postgres://app:secret@db.internal/app',
  REDIS_URL: 'rediss://:secret@redis.internal',
  SMTP_URL: 'smtps://user:secret@mail.internal',
  JWT_PRIVATE_KEYS: generateSigningKeyPem(),
}

function mistakesWith(changes: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig({ env: { ...SAFE, ...changes } })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes
  }
}

t.test('production starts with its required settings and listens on all interfaces', async (t) => {
  t.match(loadConfig({ env: SAFE }), {
    HOST: '0.0.0.0',
    SHUTDOWN_DRAIN_SECONDS: 5,
    LOG_LEVEL: 'info',
    EVENT_LOOP_DELAY_LIMIT_MS: 250,
    QUEUE_TIMEOUT_MS: 900,
  })
})

t.test('production serves the documentation only when it is enabled', async (t) => {
  t.equal(loadConfig({ env: SAFE }).API_DOCS, 'off')
  t.equal(loadConfig({ env: { ...SAFE, API_DOCS: 'on' } }).API_DOCS, 'on')
  t.equal(loadConfig({ env: { CONFIG_FILE: 'off' } }).API_DOCS, 'on')
})

t.test(
  'production refuses to start without any of the five required settings and names all that are missing',
  async (t) => {
    const needed = ['PUBLIC_URL', 'DATABASE_URL', 'REDIS_URL', 'SMTP_URL', 'JWT_PRIVATE_KEYS']
    for (const name of needed) {
      for (const value of ['', undefined]) {
        t.strictSame(mistakesWith({ [name]: value }), [`${name} is missing, and production requires it.`])
      }
    }
    const none = Object.fromEntries(needed.map((name) => [name, '']))
    t.strictSame(
      mistakesWith({ ...none, PORT: 'x' }).map((mistake) => mistake.split(' ')[0]),
      [...needed, 'PORT'],
    )
  },
)

t.test('production rejects every sample value, even when it is partly changed', async (t) => {
  const examples = settingNames.flatMap((name) => {
    const { example } = settingOf(name)
    return example === undefined ? [] : [[name, example] as const]
  })
  t.ok(examples.length >= 7)
  for (const [name, example] of examples) {
    for (const value of [
      example,
      example.replace('change-me', 'CHANGE_ME'),
      example.replace('change-me', 'x-changeme-1'),
    ]) {
      t.strictSame(mistakesWith({ [name]: value }), [
        `${name} still holds a placeholder of the sample: set your own.`,
      ])
      const elsewhere = { ...SAFE, NODE_ENV: 'development', [name]: value }
      // A placeholder is not a valid key in any environment.
      if (!/KEYS?$/.test(name)) t.doesNotThrow(() => loadConfig({ env: elsewhere }), `${name} elsewhere`)
    }
  }
})

t.test('production rejects settings that are only acceptable elsewhere', async (t) => {
  const refusals: [NodeJS.ProcessEnv, RegExp][] = [
    [{ RATE_LIMIT: 'off' }, /^RATE_LIMIT must not be off in production\.$/],
    [{ CORS_ORIGINS: '*' }, /^CORS_ORIGINS must list its origins in production/],
    [{ CORS_ORIGINS: 'https://app.example.com, *' }, /^CORS_ORIGINS must list its origins/],
    [{ PUBLIC_URL: 'http://api.example.com' }, /^PUBLIC_URL must begin with https:\/\/ in production\.$/],
    [{ PUBLIC_URL: 'http://127.0.0.1.example.com' }, /^PUBLIC_URL must begin with https/],
    [
      { AUDIT_RETENTION_MONTHS: '24' },
      /^AUDIT_RETENTION_MONTHS needs AUDIT_SIGNING_KEY in production: only sealed months are dropped\.$/,
    ],
    [{ METRICS_HOST: '0.0.0.0', METRICS_PORT: '9464' }, /^METRICS_HOST needs METRICS_TOKEN in production/],
    [{ METRICS_HOST: '10.0.0.7', WORKER_METRICS_PORT: '0' }, /^METRICS_HOST needs METRICS_TOKEN/],
    [{ LOG_LEVEL: 'debug' }, /^LOG_LEVEL must not be debug in production/],
    [{ LOG_LEVEL: 'trace' }, /^LOG_LEVEL must not be trace in production/],
  ]
  for (const [changes, message] of refusals) {
    const mistakes = mistakesWith(changes)
    t.equal(mistakes.length, 1)
    t.match(mistakes[0], message)
    t.doesNotThrow(() => loadConfig({ env: { ...SAFE, ...changes, NODE_ENV: 'development' } }))
  }
  t.match(mistakesWith(Object.assign({}, ...refusals.map(([changes]) => changes))).length, 6)
})

t.test('production serves metrics beyond this machine only with the token', async (t) => {
  const METRICS_TOKEN = 'x'.repeat(32)
  t.strictSame(mistakesWith({ METRICS_HOST: '0.0.0.0', METRICS_PORT: '9464', METRICS_TOKEN }), [])
  for (const METRICS_HOST of ['127.0.0.1', '::1', 'localhost'])
    t.strictSame(mistakesWith({ METRICS_HOST, METRICS_PORT: '9464' }), [], METRICS_HOST)
  t.strictSame(mistakesWith({ METRICS_HOST: '0.0.0.0' }), [], 'needs no token without a port to listen on')
})

t.test('production encrypts mail unless that is switched off', async (t) => {
  t.equal(loadConfig({ env: SAFE }).SMTP_REQUIRE_TLS, 'on')
  t.equal(loadConfig({ env: { ...SAFE, SMTP_REQUIRE_TLS: 'off' } }).SMTP_REQUIRE_TLS, 'off')
  t.equal(loadConfig({ env: { CONFIG_FILE: 'off' } }).SMTP_REQUIRE_TLS, 'off')
})

t.test('production with its key keeps the audit log for the configured time', async (t) => {
  const audit = { AUDIT_RETENTION_MONTHS: '24', AUDIT_SIGNING_KEY: generateSigningKeyPem() }
  t.strictSame(mistakesWith(audit), [])
})

t.test('production reports a wrong value once, together with its own requirement', async (t) => {
  t.match(mistakesWith({ PUBLIC_URL: 'ftp://example.com' }), [/^PUBLIC_URL must be an address such as https/])
  t.match(mistakesWith({ RATE_LIMIT: 'no' }), [/^RATE_LIMIT must be one of on, off/])
  t.strictSame(
    mistakesWith({ PUBLIC_URL: 'http://127.0.0.1:3000' }),
    [],
    'accepts http behind a proxy on the same machine',
  )
})
