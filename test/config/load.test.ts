import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEnvironment } from '../../src/config/env-file.js'
import { type Config, ConfigError, loadConfig } from '../../src/config/index.js'
import { fromPackageRoot } from '../../src/config/paths.js'
import { trustedProxies } from '../../src/lib/network/trusted-proxies.js'
import { PRODUCT } from '../../src/lib/product.js'
import { copyCheckout } from '../helpers/checkout.js'
import { run } from '../helpers/process.js'
import t, { type Test } from '../tap.js'

type Sources = { env?: NodeJS.ProcessEnv; file?: string; overrides?: Partial<Config> }

/** Loads a file of this content, or none. The environment of this machine is ignored. */
function load(t: Test, { env = {}, file, overrides = {} }: Sources) {
  const CONFIG_FILE = file === undefined ? 'off' : join(t.testdir({ 'config.yml': file }), 'config.yml')
  return loadConfig({ env: { CONFIG_FILE, ...env }, overrides })
}

function mistakesOf(t: Test, sources: Sources): string[] {
  try {
    load(t, sources)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes.map((mistake) => mistake.replace(`${t.testdirName}/`, ''))
  }
}

const sender = (host: string) => `${PRODUCT.title} <no-reply@${PRODUCT.emailDomain ?? host}>`

t.test('every setting has its default when nothing is set', async (t) => {
  t.match(load(t, {}), {
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: 3000,
    PUBLIC_URL: 'http://localhost:3000',
    DATABASE_URL: undefined,
    TRUST_PROXY: [],
    DATA_DIR: fromPackageRoot('.data'),
    LOG_FILE_PATH: fromPackageRoot('logs/app.log'),
    MAIL_FROM: sender('localhost'),
    SHUTDOWN_DRAIN_SECONDS: 0,
    EVENT_LOOP_DELAY_LIMIT_MS: 0,
    QUEUE_TIMEOUT_MS: 10_000,
  })
  t.match(load(t, { env: { NODE_ENV: 'test' } }), { LOG_FILE_PATH: 'off' })
  t.match(load(t, { env: { PORT: '80', PUBLIC_URL: 'https://api.example.com/v1//' } }), {
    PUBLIC_URL: 'https://api.example.com/v1',
    MAIL_FROM: sender('api.example.com'),
  })
  t.equal(load(t, { env: { PUBLIC_URL: 'http://192.0.2.7' } }).MAIL_FROM, sender('localhost'))
})

t.test('the environment overrides the file, and the file overrides the defaults', async (t) => {
  const file = 'PORT: 4000\nLOG_LEVEL: warn\nCORS_ORIGINS: [https://a.example.com, https://b.example.com]\n'
  const config = load(t, { file, env: { PORT: '5000' } })
  t.match(config, { PORT: 5000, LOG_LEVEL: 'warn', BODY_LIMIT_BYTES: 1_048_576 })
  t.strictSame(config.CORS_ORIGINS, ['https://a.example.com', 'https://b.example.com'])
  t.equal(load(t, { file, env: { PORT: '5000' }, overrides: { PORT: 6000 } }).PORT, 6000)
  t.strictSame(
    mistakesOf(t, { file: 'PORT: none', env: { PORT: '5000' } }),
    [],
    'an overridden value is not checked',
  )
  t.throws(() => Object.assign(config, { PORT: 1 }), TypeError, 'the configuration is frozen')
})

t.test('.env overrides the file and is overridden by the environment', async (t) => {
  const path = join(t.testdir({ '.env': 'PORT=4000\nLOG_LEVEL=warn\nHOST=" ::1 "\nUNKNOWN=1\n' }), '.env')
  const { env } = readEnvironment({ PORT: '5000', LOG_LEVEL: '' }, path)
  t.match(load(t, { file: 'HOST: 0.0.0.0', env }), { PORT: 5000, LOG_LEVEL: 'warn', HOST: '::1' })
  t.strictSame(readEnvironment({ CONFIG_FILE: 'off' }, path).env, { CONFIG_FILE: 'off' })
  t.match(readEnvironment({}, t.testdirName).mistakes, [/ cannot be read \(EISDIR\)\.$/])

  const cwd = copyCheckout(t)
  writeFileSync(join(cwd, '.env'), 'CONFIG_FILE=missing.yml\nPORT=http\n')
  const { code, stderr } = await run(t, ['npx', 'tsx', 'scripts/db.ts', 'status'], {
    cwd,
    env: { CONFIG_FILE: undefined },
  })
  t.equal(code, 1)
  t.match(stderr, /CONFIG_FILE names .*missing\.yml, which does not exist\.\n.*\n?- PORT must be/)
})

t.test('an empty value counts as unset in every source', async (t) => {
  const file = 'PORT:\nLOG_LEVEL: ""\nDATABASE_URL: null\nHOST: 0.0.0.0\n'
  const env = { PORT: '', DATABASE_URL: '  ', HOST: '', RATE_LIMIT: '\t' }
  t.match(load(t, { file, env }), {
    PORT: 3000,
    LOG_LEVEL: 'info',
    DATABASE_URL: undefined,
    HOST: '0.0.0.0',
    RATE_LIMIT: 'on',
  })
  t.match(load(t, { file: '# nothing yet\n' }), { PORT: 3000 })
})

t.test('parses numbers and lists from environment variables, and nothing else', async (t) => {
  t.match(load(t, { env: { PORT: ' 8080 ', SHUTDOWN_DRAIN_SECONDS: '0' } }), {
    PORT: 8080,
    SHUTDOWN_DRAIN_SECONDS: 0,
    EVENT_LOOP_DELAY_LIMIT_MS: 0,
    QUEUE_TIMEOUT_MS: 10_000,
  })
  const { CORS_ORIGINS } = load(t, { env: { CORS_ORIGINS: 'https://a.example.com, https://b.example.com,' } })
  t.strictSame(CORS_ORIGINS, ['https://a.example.com', 'https://b.example.com'])
  t.strictSame(load(t, { env: { CORS_ORIGINS: ',' }, file: 'CORS_ORIGINS: ["*"]' }).CORS_ORIGINS, [])
  for (const PORT of ['3000.5', '1e3', '0x50', '-1', '65536', '30 00', 'http', '99999999999999999999']) {
    t.match(mistakesOf(t, { env: { PORT } }), [/^PORT must be a whole number from 0 to 65535, not /], PORT)
  }
  for (const PORT of ['.nan', '.inf', 'true', '[3000]', '{ a: 1 }', '3000.5']) {
    t.match(mistakesOf(t, { file: `PORT: ${PORT}` }), [/^PORT must be a whole number .*, not .*\.$/], PORT)
  }
})

t.test('reports all mistakes together in plain words', async (t) => {
  const sources = {
    file: 'DATABASE_POOL_MAX: 0\nRATE_LIMIT: false\nPROT: 3000\n',
    env: {
      NODE_ENV: 'prod',
      PORT: 'http',
      HOST: 'a b',
      LOG_FILE_PATH: 'logs/',
      MAIL_FROM: 'a@b.c\nBcc: d@e.f',
    },
  }
  t.strictSame(mistakesOf(t, sources), [
    'PROT in config.yml is not a setting. Did you mean PORT?',
    "NODE_ENV must be one of development, test, production, not 'prod'.",
    "HOST must be a host name or an address to listen on, such as 127.0.0.1, not 'a b'.",
    "PORT must be a whole number from 0 to 65535, not 'http'.",
    'RATE_LIMIT must be one of on, off, not false.',
    'DATABASE_POOL_MAX must be a whole number from 1 to 1000, not 0.',
    "MAIL_FROM must be an e-mail address such as no-reply@example.com or Example <no-reply@example.com>, not 'a@b.c\\nBcc: d@e.f'.",
    "LOG_FILE_PATH must be the path of a file, without any of < > \" | ? * :, or off, not 'logs/'.",
  ])
  t.throws(() => load(t, sources), {
    message: /^The configuration has 8 mistakes:\n- PROT in .*\n- NODE_ENV/,
  })
  t.throws(() => load(t, { env: { PORT: 'x' } }), {
    message: /^The configuration has a mistake:\n- PORT [^\n]*$/,
  })
  t.match(mistakesOf(t, { env: { HOST: `${'x'.repeat(500)}!` } }), [/^.{1,200}…\.$/], 'a long value is cut')
})

t.test(
  'suggests a similar key for an unknown one, and points environment-only keys to the environment',
  async (t) => {
    const file = 'database-url: postgres://h/d\nSmtp_Ulr: smtp://h\nCOLOUR: red\nCONFIG_FILE: a.yml\n'
    t.strictSame(mistakesOf(t, { file }), [
      'database-url in config.yml is not a setting. Did you mean DATABASE_URL?',
      'Smtp_Ulr in config.yml is not a setting. Did you mean SMTP_URL?',
      'COLOUR in config.yml is not a setting.',
      'CONFIG_FILE in config.yml has no effect there: set it in the environment.',
    ])
    t.strictSame(mistakesOf(t, { file: '__proto__: 1\nconstructor: 2\n' }).length, 2)
  },
)

t.test('trusts only proxy addresses and ranges that do not add up to everyone', async (t) => {
  const accepted = [
    '10.0.0.1',
    '10.0.0.0/8',
    '::1',
    'fd00::/8',
    '127.0.0.1, 192.168.0.0/16',
    '::ffff:10.0.0.0/104',
    'fc00::/7',
    '2001:db8::/32',
  ]
  for (const TRUST_PROXY of accepted) {
    const isTrusted = trustedProxies(load(t, { env: { TRUST_PROXY } }).TRUST_PROXY)
    t.notOk(isTrusted('203.0.113.9'), TRUST_PROXY)
  }
  const refused = [
    'true',
    '1',
    'loopback',
    '0.0.0.0/0',
    '::/0',
    '::/1',
    '0.0.0.0/1,128.0.0.0/1',
    '0.0.0.0/2,64.0.0.0/2,128.0.0.0/2,192.0.0.0/2',
    '2000::/4,3000::/4',
    '::ffff:0.0.0.0/97,::ffff:128.0.0.0/97',
    '::ffff:128.0.0.0/103',
    '::fffe:0:0/95',
    '::/64',
    '10.0.0.0/33',
    '10.0.0',
    '10.0.0.1, *',
    'fe80::1%eth0',
  ]
  for (const TRUST_PROXY of refused) {
    t.match(
      mistakesOf(t, { env: { TRUST_PROXY } }),
      [/^TRUST_PROXY must be addresses or CIDR ranges/],
      TRUST_PROXY,
    )
  }
  t.match(mistakesOf(t, { file: 'TRUST_PROXY: true' }), [/not true\.$/])
  t.match(mistakesOf(t, { file: 'TRUST_PROXY: [1]' }), [/not \[ 1 ]\.$/])
})

t.test('an origin is a scheme and a host, as browsers send it', async (t) => {
  t.strictSame(
    mistakesOf(t, { env: { CORS_ORIGINS: 'https://app.example.com,http://localhost:5173,*' } }),
    [],
  )
  for (const CORS_ORIGINS of [
    'https://app.example.com/',
    'app.example.com',
    'https://*.example.com/x',
    'null',
  ]) {
    t.match(mistakesOf(t, { env: { CORS_ORIGINS } }), [/^CORS_ORIGINS must be origins/], CORS_ORIGINS)
  }
})
