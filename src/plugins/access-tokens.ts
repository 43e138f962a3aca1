import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessClaims } from '../db/access-list.js'
import { USER_ROLES, type UserRole } from '../lib/roles.js'
import type { SigningKey } from '../lib/signing-keys.js'

declare module 'fastify' {
  interface FastifyInstance {
    accessTokens: {
      lifetimeSeconds: number
      /** The public keys, as `/.well-known/jwks.json` shows them (RFC 7517). */
      publicKeys: readonly SigningKey['jwk'][]
      sign: (claims: AccessClaims) => string
      /** Undefined for anything that is not a token of ours, unchanged and in time. */
      verify: (token: string) => AccessClaims | undefined
    }
  }
}

type AccessTokenOptions = {
  /** The first one signs, all of them verify: that is how a key is rotated. */
  keys: readonly SigningKey[]
  /** Who issues the tokens and whom they are for: this server's public address. */
  issuer: string
  lifetimeSeconds: number
}

type Payload = { sub: string; sid: string; role: UserRole }

/** Verifying EdDSA costs more than the rest of a request: each process remembers this many verified tokens. */
const VERIFIED_TOKENS_REMEMBERED = 10_000

async function accessTokens(app: FastifyInstance, { keys, issuer, lifetimeSeconds }: AccessTokenOptions) {
  const [signingKey] = keys
  if (!signingKey) throw new Error('At least one signing key is needed')
  for (const key of keys) await app.register(jwt, optionsFor(key, issuer, lifetimeSeconds))

  const jwtOf = (key: SigningKey) =>
    (app.jwt as unknown as Record<string, typeof app.jwt>)[key.kid] as typeof app.jwt
  const signer = jwtOf(signingKey)
  const headerOf = (token: string) => token.slice(0, token.indexOf('.'))
  // Our tokens' headers are constants. Any other header - `none`, a foreign `alg`, `jku`, `crit`, an odd `kid` -
  // never reaches the code that would have to get its handling right.
  const verifiers = new Map(keys.map((key) => [headerOf(jwtOf(key).sign({})), jwtOf(key)]))

  app.decorate('accessTokens', {
    lifetimeSeconds,
    publicKeys: keys.map((key) => key.jwk),
    sign: ({ userId, sessionId, role }) =>
      signer.sign({ sub: userId, sid: sessionId, role } satisfies Payload),
    verify: (token) => {
      try {
        return toClaims(verifiers.get(headerOf(token))?.verify<Payload>(token))
      } catch {
        return undefined
      }
    },
  })
}

const toClaims = (payload: Payload | undefined): AccessClaims | undefined =>
  payload &&
  typeof payload.sub === 'string' &&
  typeof payload.sid === 'string' &&
  USER_ROLES.includes(payload.role)
    ? { userId: payload.sub, sessionId: payload.sid, role: payload.role }
    : undefined

const optionsFor = (
  { kid, alg, privateKey, publicKey }: SigningKey,
  issuer: string,
  lifetimeSeconds: number,
) => ({
  namespace: kid,
  secret: {
    private: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  },
  sign: { algorithm: alg, kid, iss: issuer, aud: issuer, expiresIn: lifetimeSeconds * 1000 },
  verify: {
    algorithms: [alg],
    allowedIss: issuer,
    allowedAud: issuer,
    requiredClaims: ['sub', 'sid', 'iat', 'exp', 'iss', 'aud'],
    cache: VERIFIED_TOKENS_REMEMBERED,
    cacheTTL: lifetimeSeconds * 1000,
    errorCacheTTL: 0,
  },
})

export default fp(accessTokens, { name: 'access-tokens' })
