import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { resolveSigningKeys } from '../../src/config/development-keys.js'
import { ConfigError, loadConfig } from '../../src/config/index.js'
import { generateSigningKeyPem, parseSigningKeys } from '../../src/lib/auth/signing-keys.js'
import { run, startProcess } from '../helpers/process.js'
import t from '../tap.js'

const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
  key.export({ type, format: 'pem' }).toString()
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })
const base64 = (text: string) => Buffer.from(text).toString('base64')

const ed25519 = generateKeyPairSync('ed25519').privateKey
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const [ED, P] = [ed25519, p256].map((key) => parseSigningKeys(pemOf(key))[0].kid)

t.test('a key has the same id in every accepted format', async (t) => {
  const pem = pemOf(ed25519)
  const jwk = JSON.stringify(jwkOf(ed25519))
  const both = [jwkOf(ed25519), jwkOf(p256)]
  const forms: Record<string, [text: string, kids: unknown[]]> = {
    PEM: [pem, [ED]],
    'PEM with \\n written out': [pem.replaceAll('\n', '\\n'), [ED]],
    'PEM with spaces for line breaks': [pem.trim().replaceAll('\n', ' '), [ED]],
    'PEM without any line break': [pem.replaceAll('\n', ''), [ED]],
    'PEM with \\\\n, escaped twice': [pem.replaceAll('\n', '\\\\n'), [ED]],
    'PEM in double quotes': [`"${pem.replaceAll('\n', '\\n')}"`, [ED]],
    'PEM in single quotes, indented': [`'${pem.replaceAll('\n', '\n  ')}'`, [ED]],
    'a key after its curve, as openssl ecparam writes it': [
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pemOf(p256, 'sec1')}`,
      [P],
    ],
    'PEM with Windows line ends': [pem.replaceAll('\n', '\r\n'), [ED]],
    'two PEM blocks': [`${pemOf(p256)}${pem}`, [P, ED]],
    'an older form of PEM': [pemOf(p256, 'sec1'), [P]],
    JWK: [jwk, [ED]],
    'a list of JWKs': [JSON.stringify(both), [ED, P]],
    JWKS: [JSON.stringify({ keys: both }), [ED, P]],
    'JWK in single quotes': [`'${jwk}'`, [ED]],
    'base64 of PEM': [base64(pem), [ED]],
    'base64 of JWKS': [base64(JSON.stringify({ keys: both })), [ED, P]],
    'several, separated by commas': [`${base64(pemOf(p256))}, ${base64(jwk)},`, [P, ED]],
    'the same key twice': [`${base64(pem)},${base64(jwk)}`, [ED]],
  }
  for (const [form, [text, kids]] of Object.entries(forms)) {
    t.strictSame(
      parseSigningKeys(text).map((key) => key.kid),
      kids,
      form,
    )
    const env = { CONFIG_FILE: 'off', JWT_PRIVATE_KEYS: text }
    t.strictSame(
      resolveSigningKeys(loadConfig({ env })).map((key) => key.kid),
      kids,
      `${form}, from the environment`,
    )
  }
})

t.test('publishes the public half of a key with its id and algorithm', async (t) => {
  for (const [key, alg] of [
    [ed25519, 'EdDSA'],
    [p256, 'ES256'],
  ] as const) {
    const [{ jwk }] = parseSigningKeys(pemOf(key))
    const { d, ...publicHalf } = jwkOf(key)
    t.strictSame({ ...jwk }, { ...publicHalf, kid: jwk.kid, alg, use: 'sig' })
    t.notMatch(JSON.stringify(jwk), String(d))
  }
})

t.test('the key id is the thumbprint of RFC 7638, as in the example of RFC 8037', async (t) => {
  const jwk =
    '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
  t.equal(parseSigningKeys(jwk)[0].kid, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

t.test('rejects invalid private keys without printing them', async (t) => {
  const pem = pemOf(ed25519)
  const { d, ...publicHalf } = jwkOf(p256)
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const refused = {
    'no key': 'secret',
    'an empty list': '[]',
    'broken JSON': JSON.stringify(jwkOf(p256)).slice(0, -9),
    'a cut PEM block': pem.slice(0, -9),
    'a damaged PEM block': pem.replace(/[A-Za-z0-9+/]{20}/, ''),
    'a key beside rubbish': `${pem}${pem.slice(0, 40)}`,
    'a public key': parseSigningKeys(pem)[0].publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    'a public JWK': JSON.stringify(publicHalf),
    'halves of two keys': JSON.stringify({ ...foreign, d }),
    'an encrypted key': ed25519
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString(),
    RSA: pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
    'another curve': pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
    'base64 of base64': base64(base64(pem)),
    'a good key and a bad one': `${base64(pem)},${base64('secret')}`,
  }
  for (const [kind, text] of Object.entries(refused)) {
    t.throws(
      () => loadConfig({ env: { CONFIG_FILE: 'off', JWT_PRIVATE_KEYS: text } }),
      {
        message:
          /^The configuration has a mistake:\n- JWT_PRIVATE_KEYS must be one or more Ed25519 or P-256 private keys, such as npm run jwt:key prints: [a-zA-Z0-9 ,:-]{10,90}\.$/,
      },
      kind,
    )
  }
})

t.test(
  'creates a key without JWT_PRIVATE_KEYS, keeps it for the next start, and lets only its owner read it',
  async (t) => {
    const DATA_DIR = join(t.testdir(), 'not there yet')
    const [first, ...others] = resolveSigningKeys({ DATA_DIR })
    t.equal(first.alg, 'EdDSA')
    t.strictSame(others, [])
    t.equal(resolveSigningKeys({ DATA_DIR })[0].kid, first.kid)
    t.strictSame(readdirSync(DATA_DIR), ['jwt-keys.pem'])
    t.equal(statSync(join(DATA_DIR, 'jwt-keys.pem')).mode & 0o777, 0o600)
  },
)

t.test('names a damaged or unreadable key file, says what to do, and keeps it', async (t) => {
  const DATA_DIR = t.testdir({
    'jwt-keys.pem': generateSigningKeyPem().slice(0, -20),
    folder: { 'jwt-keys.pem': {} },
    file: '',
  })
  const refuses = (dataDir: string, message: RegExp) =>
    t.throws(() => resolveSigningKeys({ DATA_DIR: dataDir }), { constructor: ConfigError, message })
  const before = readFileSync(join(DATA_DIR, 'jwt-keys.pem'), 'utf8')
  refuses(DATA_DIR, /jwt-keys\.pem is damaged: remove it, and a new key is created\.$/)
  t.equal(readFileSync(join(DATA_DIR, 'jwt-keys.pem'), 'utf8'), before)
  refuses(
    join(DATA_DIR, 'folder'),
    /jwt-keys\.pem cannot be read or written \(EISDIR\): set JWT_PRIVATE_KEYS or DATA_DIR\.$/,
  )
  refuses(join(DATA_DIR, 'file'), /cannot be read or written \(ENOTDIR\)/)
  t.notOk(existsSync(join(DATA_DIR, 'folder', 'jwt-keys.pem.1')))
  writeFileSync(join(DATA_DIR, 'jwt-keys.pem'), '')
  refuses(DATA_DIR, /is damaged/)
})

t.test('processes that start at once agree on one new key', async (t) => {
  const folder = t.testdir()
  // Each process waits for a message, because starting takes longer than the race. The race runs
  // many times.
  const program = `
    const { resolveSigningKeys } = await import('./src/config/development-keys.ts')
    process.once('message', () => {
      for (let i = 0; i < 40; i++) console.log(resolveSigningKeys({ DATA_DIR: ${JSON.stringify(folder)} + '/' + i })[0].kid)
      process.disconnect()
    })
    process.send('ready')`
  const command = ['node', '--import', 'tsx', '--input-type=module', '-e', program] as const
  const processes = [1, 2, 3].map(() => startProcess(t, command, { ipc: true }))
  await Promise.all(processes.map(({ child }) => once(child, 'message')))
  for (const { child } of processes) child.send('go')
  const [first, ...others] = await Promise.all(processes.map(({ ended }) => ended))
  t.match(first, { code: 0, stdout: /^(\S{43}\n){40}$/ })
  for (const other of others) t.strictSame(other, first)
  t.strictSame(readdirSync(join(folder, '0')), ['jwt-keys.pem'])
})

t.test('npm run jwt:key prints a line for .env whose key is accepted unchanged', async (t) => {
  const { stdout } = await run(t, ['npm', 'run', '--silent', 'jwt:key'])
  t.match(stdout, /^# Signs access tokens\. .+\nJWT_PRIVATE_KEYS=\S+\n$/)
  t.equal(parseSigningKeys(parseEnv(stdout).JWT_PRIVATE_KEYS ?? '')[0].alg, 'EdDSA')
})
