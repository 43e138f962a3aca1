import { isIPv4 } from 'node:net'
import type { Caller } from '../async/semaphore.js'
import { networksOf } from '../network/client-networks.js'

/** A caller who is signed in, or has a token from the mailbox. */
export const knownCaller = (userIdOrMailbox: string): Caller => ({
  isKnown: true,
  shares: [`user:${userIdOrMailbox}`],
})

/** `knownAddresses`: the IP addresses of earlier sign-ins to the account in question; by default none. */
export function anonymousCaller(ip: string, knownAddresses: readonly string[] = []): Caller {
  const networks = networksOf(ip)
  const [narrowest] = networks
  return {
    isKnown: knownAddresses.some((address) => networksOf(address)[0] === narrowest),
    shares: isIPv4(ip) ? [ip, ip.slice(0, ip.lastIndexOf('.'))] : networks,
  }
}
