import type { RateLimit } from './policies.js'

/** Whoever tries one password with many accounts. What one account has to wait is a matter of its own. */
export const SIGN_IN_LIMIT: RateLimit = { name: 'login', limit: '10/minute', key: 'address' }

/** Tokens have 256 bits: guessing is hopeless as it is, and this makes it quiet. */
export const MAILED_TOKEN_LIMIT: RateLimit = { name: 'mailed-token', limit: '20/minute', key: 'address' }

/** What sends mail: no mailbox is flooded, and no address asks for many. The same whether there is an account or not. */
export const mailLimits = (name: string): RateLimit[] => [
  { name, limit: '1 per 30 seconds', key: 'body.email' },
  { name: `${name}-address`, limit: '10/minute', key: 'address' },
]

/**
 * Invitations write to whomever the caller names, in our name. Enough for a team that moves in, and too little for a mail
 * cannon. What one mailbox gets from all senders together is counted where the mail is asked for: here a caller who may not
 * invite at all would spend it.
 */
export const INVITATION_LIMITS: RateLimit[] = [
  { name: 'invitations', limit: '100/hour', key: 'user' },
  { name: 'invitations-email', limit: '10/hour', key: 'user+body.email' },
]

/** It writes to whomever the caller names, too, and nobody changes an address more often. */
export const EMAIL_CHANGE_LIMIT: RateLimit = { name: 'change-email', limit: '10/hour', key: 'user' }
