import { isIPv6 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'

/**
 * The quota of each network of `networksOf`, as a multiple of one client's quota. Providers assign a /64, a
 * /56 or a /48 of IPv6 to one customer, so a flood can use another /64 for each request.
 */
export const NETWORK_QUOTAS = [1, 4, 16]

/**
 * The networks that identify a client, narrowest first: the /64, /56 and /48 of an IPv6 address, or the
 * IPv4 address alone. IPv4-mapped IPv6 counts as IPv4.
 */
export function networksOf(address: string): string[] {
  const network = normalizeIP(address, 64)
  if (!isIPv6(network)) return [network]
  // Only the first 64 bits are left; `::` stands for the rest and for zeros before it.
  const [one, two = '0', three = '0', four = '0'] = network.slice(0, network.indexOf('::')).split(':')
  const first48 = `${one}:${two}:${three}`
  return [`${first48}:${four}/64`, `${first48}:${Number.parseInt(four, 16) >> 8}/56`, `${first48}/48`]
}
