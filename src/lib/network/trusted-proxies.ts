import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net'

/** `[2001:db8::1]:443` */
const IN_BRACKETS = /^\[([^\]]*)\](?::\d{1,5})?$/
const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/
const MAPPED_IPV4 = '::ffff:'

/**
 * Parses an address as sockets and proxies write it. Removes port and zone, and returns the canonical
 * spelling, so that one client always has the same text. Returns undefined when the text is not an
 * address.
 */
export function readAddress(text = ''): string | undefined {
  // Nearly all addresses, and this is called for each request.
  if (isIPv4(text)) return text
  const host = IN_BRACKETS.exec(text)?.[1] ?? IPV4_WITH_PORT.exec(text)?.[1] ?? text
  const [address = ''] = host.split('%', 1)
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : undefined
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address
  const mapped = canonical.startsWith(MAPPED_IPV4) ? canonical.slice(MAPPED_IPV4.length) : ''
  return isIPv4(mapped) ? mapped : canonical
}

export type TrustsProxy = (address: string) => boolean

/** Returns a test for addresses in the form of `readAddress`. `ranges` are addresses and CIDR ranges. */
export function trustedProxies(ranges: readonly string[]): TrustsProxy {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    list.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family)
  }
  // A range may be written as IPv4-mapped IPv6.
  return (address) =>
    isIPv4(address)
      ? list.check(address, 'ipv4') || list.check(`${MAPPED_IPV4}${address}`, 'ipv6')
      : list.check(address, 'ipv6')
}

/**
 * Returns the nearest address that does not belong to a trusted proxy. When a hop in `X-Forwarded-For`
 * is not an address, returns the address of the proxy that passed it on. Otherwise a client could
 * invent a new identity with each request.
 */
export function clientAddress({ headers, socket }: IncomingMessage, isTrusted: TrustsProxy): string {
  let client = readAddress(socket.remoteAddress) ?? ''
  const forwarded = headers['x-forwarded-for']
  if (typeof forwarded !== 'string' || !isTrusted(client)) return client
  const hops = forwarded.split(',').reverse()
  for (const hop of hops) {
    const address = readAddress(hop.trim())
    if (address === undefined) return client
    client = address
    if (!isTrusted(client)) return client
  }
  return client
}
