import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateSigningKeyPem, parseSigningKeys } from '../../src/lib/auth/signing-keys.js'
import { buildTestApp, testSigningKeys } from '../helpers/app.js'
import { createClient } from '../helpers/client.js'
import { eventually } from '../helpers/eventually.js'
import { exchange } from '../helpers/socket.js'
import t from '../tap.js'

const [key] = testSigningKeys
const config = { RATE_LIMIT: 'off' } as const
const testApp = await buildTestApp(t, { config })
const { app, anonymous, database } = testApp
const user = await testApp.signUp()
const token = user.user?.accessToken ?? ''
const [header = '', payload = '', signature = ''] = token.split('.')

type Json = Record<string, unknown>
const encode = (value: Json | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const decode = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString())
const claims = decode(payload)
const now = Math.floor(Date.now() / 1000)

/** A token signed with the server's own key, as if the server had issued it by mistake. */
function forge(more: Json | string, headerMore: Json = {}, privateKey: KeyObject = key.privateKey): string {
  const body = typeof more === 'string' ? more : { ...claims, ...more }
  const text = `${encode({ ...decode(header), ...headerMore })}.${encode(body)}`
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
}

const hmac = (alg: string, secret: string | Buffer) => {
  const text = `${encode({ ...decode(header), alg })}.${payload}`
  return `${text}.${createHmac(alg.replace('HS', 'sha'), secret).update(text).digest('base64url')}`
}

const send = (jwt: string, client = anonymous) =>
  client.request({ url: '/api/v1/me', headers: { authorization: `Bearer ${jwt}` } })

t.test('a token holds the user, session, role and expiry, and nothing else', async (t) => {
  t.strictSame(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'role', 'sid', 'sub'])
  t.match(claims, {
    sub: user.user?.id,
    role: 'user',
    iss: testApp.config.PUBLIC_URL,
    aud: testApp.config.PUBLIC_URL,
  })
  t.equal(Number(claims.exp) - Number(claims.iat), testApp.config.ACCESS_TOKEN_TTL_SECONDS)
  t.ok(Math.abs(Number(claims.iat) - now) < 60)
  t.strictSame(decode(header), { alg: 'EdDSA', typ: 'JWT', kid: key.kid })
  t.equal((await send(token)).status, 200)
  t.equal(
    (await send(forge({}))).status,
    200,
    'a forged token with valid claims is accepted, so that others fail for their own reason',
  )
})

t.test('refuses everything that is not exactly one of our tokens', async (t) => {
  let keyRequests = 0
  const harness = createServer((_request, response) => {
    keyRequests += 1
    response.end(JSON.stringify({ keys: [stranger.jwk] }))
  }).listen(0, '127.0.0.1')
  t.teardown(() => harness.close())
  await once(harness, 'listening')
  const [stranger] = parseSigningKeys(generateSigningKeyPem())
  const url = `http://127.0.0.1:${(harness.address() as AddressInfo).port}/keys.json`
  const withHeader = (more: Json) => `${encode({ ...decode(header), ...more })}.${payload}.${signature}`
  const unsigned = (alg: unknown) => `${encode({ ...decode(header), alg })}.${payload}.`
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const der = key.publicKey.export({ type: 'spki', format: 'der' })
  const x = Buffer.from(String(key.jwk.x), 'base64url')

  const attacks: Record<string, string> = {
    'alg none': unsigned('none'),
    'alg None': unsigned('None'),
    'alg nOnE': unsigned('nOnE'),
    'alg empty': unsigned(''),
    'alg null': unsigned(null),
    'alg none, with the signature': withHeader({ alg: 'none' }),
    'no alg': `${encode({ typ: 'JWT', kid: key.kid })}.${payload}.${signature}`,
    ...Object.fromEntries(
      ['HS512', 'RS256', 'ES256', 'PS512', 'ES512', 'eddsa', 'Ed448'].map((alg) => [
        `alg ${alg}`,
        withHeader({ alg }),
      ]),
    ),
    'HS256 with the public key as PEM': hmac('HS256', pem),
    'HS256 with the trimmed PEM': hmac('HS256', pem.trim()),
    'HS512 with the public key as DER': hmac('HS512', der),
    'HS256 with the raw public key': hmac('HS256', x),
    'HS256 with the published x': hmac('HS256', String(key.jwk.x)),
    'HS256 with nothing': hmac('HS256', ''),
    jku: forge({}, { jku: url }, stranger.privateKey),
    x5u: forge({}, { x5u: url }, stranger.privateKey),
    jwk: forge({}, { jwk: stranger.jwk }, stranger.privateKey),
    'jku, with our signature': forge({}, { jku: url }),
    'another key under our kid': forge({}, {}, stranger.privateKey),
    'another kid': forge({}, { kid: stranger.kid }),
    ...Object.fromEntries(
      ['../../dev/null', `' or 1=1 --`, 'x'.repeat(4096), '', 'constructor', '__proto__', null, 1, ['a']].map(
        (kid) => [`kid ${String(kid).slice(0, 20)}`, forge({}, { kid })],
      ),
    ),
    crit: forge({}, { crit: ['exp'] }),
    'b64 false': forge({}, { b64: false, crit: ['b64'] }),
    'another typ': forge({}, { typ: 'at+jwt' }),
    'more in the header': forge({}, { note: 'x' }),
    'a changed role': `${header}.${encode({ ...claims, role: 'super_admin' })}.${signature}`,
    'a changed user': `${header}.${encode({ ...claims, sub: '0199d3a4-6f2c-7b1e-9c55-2f4a1d8e7b60' })}.${signature}`,
    'a far end': `${header}.${encode({ ...claims, exp: now + 10 ** 9 })}.${signature}`,
    'another organization': `${header}.${encode({ ...claims, org: 'x' })}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'no dot': `${header}.${payload}`,
    'half a signature': `${header}.${payload}.${signature.slice(0, 40)}`,
    'a zero signature': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    'trailing data': `${token}.x`,
    'trailing letters': `${token}AAAA`,
    padding: `${token}==`,
    'a space': `${token} x`,
    'eight kilobytes': `${header}.${encode({ ...claims, x: 'x'.repeat(5000) })}.${signature}`,
    'a payload that is no JSON': forge('not json'),
    'a payload that is no object': forge('[]'),
    'an empty payload': forge(''),
  }
  for (const [name, attack] of Object.entries(attacks)) {
    t.match(await send(attack), { status: 401, body: { code: 'UNAUTHORIZED' } }, name)
  }
  t.equal(keyRequests, 0, 'no key was fetched from the URL')
})

t.test('checks every claim even under our own signature', async (t) => {
  const wrong: Record<string, Json> = {
    expired: { exp: now - 1 },
    'expired long ago': { iat: now - 10_000, exp: now - 9_000 },
    'without exp': { exp: undefined },
    'exp as text': { exp: String(now + 600) },
    'exp null': { exp: null },
    'not yet': { nbf: now + 600 },
    'without iat': { iat: undefined },
    'another audience': { aud: 'https://another.example' },
    'without audience': { aud: undefined },
    'another issuer': { iss: 'https://another.example' },
    'without issuer': { iss: undefined },
    'without user': { sub: undefined },
    'user as an object': { sub: { $ne: null } },
    'without session': { sid: undefined },
    'session as a list': { sid: [claims.sid] },
    'without role': { role: undefined },
    'another role': { role: 'root' },
    'role as a list': { role: ['user'] },
  }
  for (const [name, more] of Object.entries(wrong)) {
    const answer = await send(forge(more))
    t.match(answer, { status: 401, body: { code: 'UNAUTHORIZED' } }, `${name}: ${answer.text}`)
  }
  const pairs = encode(`${JSON.stringify(claims).slice(0, -1)},"exp":${now - 5}}`)
  t.equal((await send(`${header}.${pairs}.${signature}`)).status, 401, 'a repeated claim')
})

t.test('accepts one token, in one header, and no other kind of token', async (t) => {
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  const ask = (...headers: string[]) =>
    exchange(port, [
      ['GET /api/v1/me HTTP/1.1', 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'),
    ])
  const bearer = `Authorization: Bearer ${token}`
  t.equal((await ask(bearer)).status, 200)
  t.equal(
    (await ask(`authorization: bearer ${token}`)).status,
    200,
    'the scheme is case-insensitive (RFC 9110, 11.1)',
  )
  t.equal((await ask(bearer, bearer)).status, 401, 'the header is repeated')
  t.equal((await ask(bearer, 'Authorization: Bearer x')).status, 401)
  t.equal((await ask('Authorization: Basic eDp5', bearer)).status, 401)
  for (const name of ['X-Authorization', 'Cookie', 'X-Access-Token', 'Proxy-Authorization']) {
    t.equal((await ask(`${name}: Bearer ${token}`)).status, 401, name)
  }
  t.equal((await ask(`Authorization: Bearer  ${token}`)).status, 401)
  t.equal((await send(user.user?.refreshToken ?? '')).status, 401, 'a refresh token is not an access token')
  t.equal(
    (await anonymous.post('/auth/refresh', { refreshToken: token })).status,
    400,
    'an access token is not a refresh token',
  )
})

t.test('rotating the keys of either kind signs no one out', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [es256] = parseSigningKeys(JSON.stringify(privateKey.export({ format: 'jwk' })))
  const published = async (client: typeof anonymous) =>
    (await client.request({ url: '/.well-known/jwks.json' })).body.keys.map((jwk: Json) => [jwk.alg, jwk.kid])
  const both = await buildTestApp(t, { config, database, signingKeys: [es256, key] })
  t.strictSame(await published(both.anonymous), [
    ['ES256', es256.kid],
    ['EdDSA', key.kid],
  ])
  t.equal((await send(token, both.anonymous)).status, 200, 'a token of the older key stays valid')
  const fresh = await both.signUp()
  const freshToken = fresh.user?.accessToken ?? ''
  t.match(decode(freshToken.split('.')[0] ?? ''), { alg: 'ES256', kid: es256.kid })
  t.equal((await fresh.get('/me')).status, 200)
  t.equal((await send(freshToken)).status, 401, 'a process without the new key refuses it')

  const alone = await buildTestApp(t, { config, database, signingKeys: [es256] })
  t.strictSame(await published(alone.anonymous), [['ES256', es256.kid]])
  t.equal((await createClient(alone.app, fresh.user).get('/me')).status, 200)
  t.equal((await send(token, alone.anonymous)).status, 401, 'a token is refused once its key is removed')
  const text = freshToken.split('.').slice(0, 2).join('.')
  const derSignature = sign('sha256', Buffer.from(text), es256.privateKey).toString('base64url')
  t.equal(
    (await send(`${text}.${derSignature}`, alone.anonymous)).status,
    401,
    'a signature in another encoding is refused',
  )
})

t.test('a token that was verified before is refused after it expires', async (t) => {
  const brief = await buildTestApp(t, { config: { ...config, ACCESS_TOKEN_TTL_SECONDS: 2 }, database })
  const guest = await brief.signUp()
  for (let i = 0; i < 5; i += 1) t.equal((await guest.get('/me')).status, 200)
  const { exp } = decode(guest.user?.accessToken.split('.')[1] ?? '')
  await eventually(async () => {
    const sentAt = Date.now()
    const { status } = await guest.get('/me')
    if (sentAt >= Number(exp) * 1000) t.equal(status, 401, 'refused as soon as it expires')
    return status === 401
  })
  t.ok(Date.now() >= Number(exp) * 1000, 'not refused before it expires')
  const revoked = await brief.signUp()
  for (let i = 0; i < 5; i += 1) await revoked.get('/me')
  await revoked.post('/auth/logout')
  t.equal((await revoked.get('/me')).status, 401, 'refused after its revocation')
})
