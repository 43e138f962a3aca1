import { hash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { normalizeEmail } from '../email.js'
import type { LimitKey } from './policies.js'

/**
 * How many times the quota of one client each of `networksOf` has. Providers give a customer a /64, a /56 or a /48 of IPv6,
 * and a flood takes another /64 with each request.
 */
export const NETWORK_QUOTAS = [1, 4, 16]

/** One address, one client: IPv4 inside IPv6 is IPv4. An IPv6 address is its /64, its /56 and its /48. */
export function networksOf(address: string): string[] {
  const network = normalizeIP(address, 64)
  if (!isIPv6(network)) return [network]
  // Of the first half, which is what is left, `::` stands for the end.
  const [one, two = '0', three = '0', four = '0'] = network.slice(0, network.indexOf('::')).split(':')
  const wide = `${one}:${two}:${three}`
  return [`${wide}:${four}/64`, `${wide}:${Number.parseInt(four, 16) >> 8}/56`, `${wide}/48`]
}

/**
 * Whose request it is, as hashes: keys are short whatever was sent, and what lies in Redis names nobody. Written
 * differently, an address or a name is still the same one. More than one for an IPv6 address.
 */
export function identitiesOf(key: LimitKey, request: FastifyRequest): string[] {
  const found = textOf(key, request)
  return found === undefined
    ? networksOf(request.ip).map((network) => hashOf(`address:${network}`))
    : [hashOf(`${kindOf(key)}:${normalizerOf(key)(found)}`)]
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
