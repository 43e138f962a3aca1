import type { RateLimit } from './policies.js'

/** Against one password tried with many accounts. The wait of a single account is a separate mechanism. */
export const SIGN_IN_LIMIT: RateLimit = { name: 'login', limit: '10/minute', key: 'address' }

/** Guessing tokens of 256 bits is hopeless anyway. The limit reduces the noise. */
export const MAILED_TOKEN_LIMIT: RateLimit = { name: 'mailed-token', limit: '20/minute', key: 'address' }

/**
 * For routes that send mail: protects each mailbox, and limits each client's address. Applies whether
 * or not an account exists.
 */
export const mailLimits = (name: string): RateLimit[] => [
  { name, limit: '1 per 30 seconds', key: 'body.email' },
  { name: `${name}-address`, limit: '10/minute', key: 'address' },
]

/**
 * Invitations send mail in our name to any address that the caller enters. The limits suffice to onboard a
 * team, but not to send spam. The limit of a mailbox for all senders together is counted when the mail is
 * enqueued: here, callers without the permission to invite could use it up.
 */
export const INVITATION_LIMITS: RateLimit[] = [
  { name: 'invitations', limit: '100/hour', key: 'user' },
  { name: 'invitations-email', limit: '10/hour', key: 'user+body.email' },
]

/**
 * This also sends mail to any address that the caller enters. No honest user changes their address more
 * often.
 */
export const EMAIL_CHANGE_LIMIT: RateLimit = { name: 'change-email', limit: '10/hour', key: 'user' }
