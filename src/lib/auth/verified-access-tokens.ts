// No library serves: the cache of fast-jwt finds a token by its hash, or by a key without comparing the token
// itself.
import { type AccessClaims, fromPayload, type Payload } from './access-tokens.js'

type Verify = (token: string) => (Partial<Payload> & { exp: number }) | undefined

/**
 * Characters at the end of the signature, which are the key of the cache. The token itself is compared
 * after that. Hashing the whole token as a map key would cost noticeable time in each request.
 */
const KEY_LENGTH = 22

const MAX_TOKENS = 10_000

/** Caches verified tokens in this process: an EdDSA verification costs more than the rest of a request. */
export class VerifiedTokens {
  private readonly tokens = new Map<string, { token: string; claims: AccessClaims; expiresAtMs: number }>()

  constructor(private readonly verify: Verify) {}

  /**
   * Returns undefined when the token has expired or a claim is not valid.
   * @throws {Error} when `verify` throws
   */
  claimsOf(token: string): AccessClaims | undefined {
    const cached = this.tokens.get(token.slice(-KEY_LENGTH))
    if (cached?.token === token && cached.expiresAtMs > Date.now()) return cached.claims
    const payload = this.verify(token)
    // A token expires on `exp` exactly (RFC 7519, 4.1.4). The library still accepts that millisecond.
    if (!payload || payload.exp * 1000 <= Date.now()) return undefined
    const claims = fromPayload(payload)
    if (claims) this.remember(token, claims, payload.exp * 1000)
    return claims
  }

  private remember(token: string, claims: AccessClaims, expiresAtMs: number): void {
    const [oldest] = this.tokens.keys()
    if (this.tokens.size >= MAX_TOKENS && oldest !== undefined) this.tokens.delete(oldest)
    this.tokens.set(token.slice(-KEY_LENGTH), { token, claims, expiresAtMs })
  }
}
