import { type AccessClaims, fromPayload, type Payload } from './access-tokens.js'

type Verify = (token: string) => (Partial<Payload> & { exp: number }) | undefined

/** Hashing a whole token with each request would be felt: the end of its signature finds it, then the whole is compared. */
const KEY_LENGTH = 22

const MAX_TOKENS = 10_000

/** Verifying EdDSA costs more than the rest of a request: each process remembers the tokens that it has verified. */
export class VerifiedTokens {
  private readonly tokens = new Map<string, { token: string; claims: AccessClaims; expiresAtMs: number }>()

  constructor(private readonly verify: Verify) {}

  /** Throws what `verify` throws. */
  claimsOf(token: string): AccessClaims | undefined {
    const known = this.tokens.get(token.slice(-KEY_LENGTH))
    if (known?.token === token && known.expiresAtMs > Date.now()) return known.claims
    const payload = this.verify(token)
    // On its last millisecond, too, it is over (RFC 7519, 4.1.4): the library lets that one pass.
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
