import { USER_ROLES, type UserRole } from './roles.js'
import type { SigningKey } from './signing-keys.js'

/** The user and the session that an access token belongs to. */
export type AccessClaims = { userId: string; sessionId: string; role: UserRole }

/** The claims as in the JWT. `sub` is a name of RFC 7519; `sid` and `role` are our own. */
export type Payload = { sub: string; sid: string; role: UserRole }

/** Returns undefined when a claim is missing or has a value that is never issued. */
export const fromPayload = (payload: Partial<Payload> | undefined): AccessClaims | undefined =>
  typeof payload?.sub === 'string' &&
  typeof payload.sid === 'string' &&
  payload.role !== undefined &&
  USER_ROLES.includes(payload.role)
    ? { userId: payload.sub, sessionId: payload.sid, role: payload.role }
    : undefined

/** The options of @fastify/jwt to sign and to verify access tokens with one key. */
export const accessTokenOptions = (
  { kid, alg, privateKey, publicKey }: SigningKey,
  issuer: string,
  lifetimeSeconds: number,
) => ({
  namespace: kid,
  secret: {
    private: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  },
  sign: { algorithm: alg, kid, iss: issuer, aud: issuer, expiresIn: lifetimeSeconds },
  verify: {
    algorithms: [alg],
    allowedIss: issuer,
    allowedAud: issuer,
    requiredClaims: ['sub', 'sid', 'iat', 'exp', 'iss', 'aud'],
  },
})
