import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { networksOf } from '../lib/network/client-networks.js'
import { normalizeEmail } from '../lib/schema/email.js'
import type { LimitKey } from './policies.js'

/**
 * Returns whose counters a request uses, as hashes: they are short, and Redis holds no personal data.
 * Different spellings of an address or a name give the same hash. Falls back to the client's networks,
 * narrowest first: one for IPv4, several for IPv6.
 */
export function identitiesOf(key: LimitKey, request: FastifyRequest): string[] {
  const value = textOf(key, request)
  return value === undefined
    ? networksOf(request.ip).map((network) => hashOf(`address:${network}`))
    : [hashOf(`${kindOf(key)}:${normalizerOf(key)(value)}`)]
}

const hashOf = (value: string): string => hash('sha256', value, 'base64url').slice(0, 22)

const kindOf = (key: LimitKey): string => (typeof key === 'function' ? 'custom' : key)

const normalizerOf = (key: LimitKey) =>
  typeof key === 'string' && key.endsWith('body.email') ? normalizeAddress : normalize

const normalizeAddress = (value: string): string => normalizeEmail(normalize(value))

const normalize = (value: string): string => value.trim().normalize('NFKC').toLowerCase()

function textOf(key: LimitKey, request: FastifyRequest): string | undefined {
  const value = typeof key === 'function' ? key(request) : namedValueOf(key, request)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

function namedValueOf(key: string, { user, body }: FastifyRequest): unknown {
  if (key === 'address') return undefined
  const userId = (user as { userId: string } | null)?.userId
  if (key === 'user') return userId
  const field = key.slice(key.indexOf('body.') + 'body.'.length)
  const value = Object.hasOwn((body as object | null) ?? {}, field)
    ? (body as Record<string, unknown>)[field]
    : undefined
  if (key.startsWith('body.') || typeof value !== 'string') return value
  return userId && `${userId} ${value}`
}
