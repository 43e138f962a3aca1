import { createHmac, hkdfSync } from 'node:crypto'
import type { SigningKey } from './signing-keys.js'

/** `verify_email` proves a mailbox, of a new account or a changed address; `reset_password` also sets a first password. */
export const MAILED_TOKEN_PURPOSES = ['verify_email', 'reset_password'] as const
export type MailedTokenPurpose = (typeof MAILED_TOKEN_PURPOSES)[number]

const KEY_BYTES = 32

/** Makes the token of a row, by its id. */
export type DeriveToken = (key: SigningKey, id: string) => string

/**
 * The token of a row, made anew whenever its mail is written: nothing usable has to be stored anywhere.
 * The key is derived (RFC 5869) from a signing key, which never signs with it: one secret to keep, each use kept apart.
 */
const deriveFor =
  (use: string): DeriveToken =>
  (key, id) => {
    const secret = key.privateKey.export({ type: 'pkcs8', format: 'der' })
    const tokenKey = hkdfSync('sha256', secret, '', use, KEY_BYTES)
    return createHmac('sha256', Buffer.from(tokenKey)).update(id).digest('base64url')
  }

export const deriveMailedToken = deriveFor('groundwork mailed token')
export const deriveInvitationToken = deriveFor('groundwork invitation')
