import { USER_ROLES, type UserRole } from './roles.js'
import type { SigningKey } from './signing-keys.js'

/** Whom an access token speaks for. */
export type AccessClaims = { userId: string; sessionId: string; role: UserRole }

/** The same under the names of RFC 7519, as far as it has any. */
export type Payload = { sub: string; sid: string; role: UserRole }

export const toPayload = ({ userId, sessionId, role }: AccessClaims): Payload => ({
  sub: userId,
  sid: sessionId,
  role,
})

/** Undefined where a claim is missing or is none that was ever issued. */
export const fromPayload = (payload: Partial<Payload> | undefined): AccessClaims | undefined =>
  typeof payload?.sub === 'string' &&
  typeof payload.sid === 'string' &&
  payload.role !== undefined &&
  USER_ROLES.includes(payload.role)
    ? { userId: payload.sub, sessionId: payload.sid, role: payload.role }
    : undefined

/** What @fastify/jwt has to know to issue and to verify access tokens with one key. */
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
