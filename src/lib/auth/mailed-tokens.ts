import { createHmac, hkdfSync } from 'node:crypto'
import { hashToken } from './opaque-tokens.js'
import type { SigningKey } from './signing-keys.js'

/**
 * `verify_email` proves the mailbox of a new account or a changed address. `reset_password` sets a new
 * password, or the first one.
 */
export const MAILED_TOKEN_PURPOSES = ['verify_email', 'reset_password'] as const
export type MailedTokenPurpose = (typeof MAILED_TOKEN_PURPOSES)[number]

const KEY_BYTES = 32

/** Returns the token of a row by the row's id. */
export type DeriveToken = (key: SigningKey, id: string) => string

/**
 * Derives the token of a row each time its mail is written, so that no usable token is stored anywhere.
 * The HMAC key is derived (RFC 5869) from a signing key and separate for each `use`: operators have one
 * secret to keep.
 */
const deriveFor =
  (use: string): DeriveToken =>
  (key, id) => {
    const secret = key.privateKey.export({ type: 'pkcs8', format: 'der' })
    const tokenKey = hkdfSync('sha256', secret, '', use, KEY_BYTES)
    return createHmac('sha256', Buffer.from(tokenKey)).update(id).digest('base64url')
  }

export const deriveMailedToken = deriveFor('mailed token')
export const deriveInvitationToken = deriveFor('invitation')

/** Before 1.0.0. Rows of that time may still wait for their mail. */
const EARLIER = new Map([
  [deriveMailedToken, deriveFor('groundwork mailed token')],
  [deriveInvitationToken, deriveFor('groundwork invitation')],
])

/** The row of a token. It holds the token's hash only. */
export type TokenRow = { id: string; tokenHash: Buffer }

/** Returns the token that the row holds the hash of. */
export function tokenOf({ id, tokenHash }: TokenRow, key: SigningKey, derive: DeriveToken): string {
  const token = derive(key, id)
  const earlier = EARLIER.get(derive)
  return earlier === undefined || hashToken(token).equals(tokenHash) ? token : earlier(key, id)
}
