import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type AccessClaims, accessTokenOptions, type Payload } from '../../lib/auth/access-tokens.js'
import type { SigningKey } from '../../lib/auth/signing-keys.js'
import { VerifiedTokens } from '../../lib/auth/verified-access-tokens.js'

declare module 'fastify' {
  interface FastifyInstance {
    accessTokens: {
      lifetimeSeconds: number
      /** The public keys, as `/.well-known/jwks.json` shows them (RFC 7517). */
      publicKeys: readonly SigningKey['jwk'][]
      sign: (claims: AccessClaims) => string
      /** Returns undefined unless the token was issued by this server, is unchanged and has not expired. */
      verify: (token: string) => AccessClaims | undefined
    }
  }
}

type AccessTokenOptions = {
  /** The first key signs. All of them verify, so that a key can be rotated. */
  keys: readonly [SigningKey, ...SigningKey[]]
  /** The issuer and the audience of the tokens: the public URL of this server. */
  issuer: string
  lifetimeSeconds: number
}

async function accessTokens(app: FastifyInstance, { keys, issuer, lifetimeSeconds }: AccessTokenOptions) {
  for (const key of keys) await app.register(jwt, accessTokenOptions(key, issuer, lifetimeSeconds))

  const jwtOf = (key: SigningKey) =>
    (app.jwt as unknown as Record<string, typeof app.jwt>)[key.kid] as typeof app.jwt
  const signer = jwtOf(keys[0])
  const headerOf = (token: string) => token.slice(0, token.indexOf('.'))
  // The headers of our tokens are constants. Tokens with any other header (`none`, another `alg`, `jku`,
  // `crit`,
  // an unknown `kid`) are refused before the JWT library has to handle them.
  const verifiers = new Map(keys.map((key) => [headerOf(jwtOf(key).sign({})), jwtOf(key)]))

  const verified = new VerifiedTokens((token) => verifiers.get(headerOf(token))?.verify(token))

  app.decorate('accessTokens', {
    lifetimeSeconds,
    publicKeys: keys.map((key) => key.jwk),
    sign: ({ userId, sessionId, role }) =>
      signer.sign({ sub: userId, sid: sessionId, role } satisfies Payload),
    verify: (token) => {
      try {
        return verified.claimsOf(token)
      } catch {
        return undefined
      }
    },
  })
}

export default fp(accessTokens, { name: 'access-tokens' })
