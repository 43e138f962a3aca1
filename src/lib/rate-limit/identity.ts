import { hash } from 'node:crypto'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { normalizeEmail } from '../email.js'
import type { LimitKey } from './policies.js'

/** Whoever has one address of an IPv6 network usually has 2^64 of them. */
const IPV6_PREFIX_BITS = 64

/** One address, one counter: IPv4 inside IPv6 is IPv4, and an IPv6 network counts as a whole. */
export const networkOf = (address: string): string => normalizeIP(address, IPV6_PREFIX_BITS)

/**
 * Whose request it is, as a hash: keys are short whatever was sent, and what lies in Redis names nobody.
 * Written differently, an address or a name is still the same one.
 */
export function identityOf(key: LimitKey, request: FastifyRequest): string {
  const found = textOf(key, request)
  const value =
    found === undefined ? `address:${networkOf(request.ip)}` : `${kindOf(key)}:${normalizerOf(key)(found)}`
  return hash('sha256', value, 'base64url').slice(0, 22)
}

const kindOf = (key: LimitKey): string => (typeof key === 'function' ? 'custom' : key)

const normalizerOf = (key: LimitKey) => (key === 'body.email' ? normalizeAddress : normalize)

const normalizeAddress = (value: string): string => normalizeEmail(normalize(value))

const normalize = (value: string): string => value.trim().normalize('NFKC').toLowerCase()

function textOf(key: LimitKey, request: FastifyRequest): string | undefined {
  const value = typeof key === 'function' ? key(request) : namedValueOf(key, request)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

function namedValueOf(key: string, { user, body }: FastifyRequest): unknown {
  if (key === 'address') return undefined
  if (key === 'user') return (user as { userId: string } | null)?.userId
  const field = key.slice('body.'.length)
  return Object.hasOwn((body as object | null) ?? {}, field)
    ? (body as Record<string, unknown>)[field]
    : undefined
}
