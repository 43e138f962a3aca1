import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net'

/** `[2001:db8::1]:443` */
const IN_BRACKETS = /^\[([^\]]*)\](?::\d{1,5})?$/
const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/
const MAPPED_IPV4 = '::ffff:'

/**
 * The address in what a socket or a proxy calls one, without its port and zone and in its one usual spelling: the same client
 * is the same everywhere. Undefined for what is no address.
 */
export function readAddress(text = ''): string | undefined {
  const host = IN_BRACKETS.exec(text)?.[1] ?? IPV4_WITH_PORT.exec(text)?.[1] ?? text
  const [address = ''] = host.split('%', 1)
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : undefined
  const usual = new SocketAddress({ address, family: 'ipv6' }).address
  const mapped = usual.startsWith(MAPPED_IPV4) ? usual.slice(MAPPED_IPV4.length) : ''
  return isIPv4(mapped) ? mapped : usual
}

export type TrustsProxy = (address: string) => boolean

/** For addresses as `readAddress` returns them. `ranges` are addresses and CIDR ranges. */
export function trustedProxies(ranges: readonly string[]): TrustsProxy {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    list.addSubnet(address, Number(bits ?? (family === 'ipv4' ? 32 : 128)), family)
  }
  // A range may be one of the IPv4 addresses inside IPv6.
  return (address) =>
    isIPv4(address)
      ? list.check(address, 'ipv4') || list.check(`${MAPPED_IPV4}${address}`, 'ipv6')
      : list.check(address, 'ipv6')
}

/**
 * The nearest address that is no trusted proxy's. Where a proxy passes on what is no address, it is the proxy's own: else each
 * text that a client makes up would be another client.
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
