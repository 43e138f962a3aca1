import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type AccessClaims, accessTokenOptions, toPayload } from '../../lib/auth/access-tokens.js'
import type { SigningKey } from '../../lib/auth/signing-keys.js'
import { VerifiedTokens } from '../../lib/auth/verified-tokens.js'

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
  keys: readonly [SigningKey, ...SigningKey[]]
  /** Who issues the tokens and whom they are for: this server's public address. */
  issuer: string
  lifetimeSeconds: number
}

async function accessTokens(app: FastifyInstance, { keys, issuer, lifetimeSeconds }: AccessTokenOptions) {
  for (const key of keys) await app.register(jwt, accessTokenOptions(key, issuer, lifetimeSeconds))

  const jwtOf = (key: SigningKey) =>
    (app.jwt as unknown as Record<string, typeof app.jwt>)[key.kid] as typeof app.jwt
  const signer = jwtOf(keys[0])
  const headerOf = (token: string) => token.slice(0, token.indexOf('.'))
  // Our tokens' headers are constants. Any other header - `none`, a foreign `alg`, `jku`, `crit`, an odd `kid` -
  // never reaches the code that would have to get its handling right.
  const verifiers = new Map(keys.map((key) => [headerOf(jwtOf(key).sign({})), jwtOf(key)]))

  const verified = new VerifiedTokens((token) => verifiers.get(headerOf(token))?.verify(token))

  app.decorate('accessTokens', {
    lifetimeSeconds,
    publicKeys: keys.map((key) => key.jwk),
    sign: (claims) => signer.sign(toPayload(claims)),
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
