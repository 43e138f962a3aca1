import { isIPv6 } from 'node:net'
import { normalizeIP } from '@fastify/rate-limit'

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
