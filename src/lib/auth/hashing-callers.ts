import { isIPv4 } from 'node:net'
import type { Caller } from '../async/semaphore.js'
import { networksOf } from '../network/client-networks.js'

/** Signed in, or with a token from the mailbox. */
export const provenCaller = (userIdOrMailbox: string): Caller => ({
  isKnown: true,
  shares: [`user:${userIdOrMailbox}`],
})

/** `knownAddresses`: from where the account that is asked about has been signed in to before. */
export function anonymousCaller(ip: string, knownAddresses: readonly string[] = []): Caller {
  const networks = networksOf(ip)
  const [narrowest] = networks
  return {
    isKnown: knownAddresses.some((address) => networksOf(address)[0] === narrowest),
    shares: isIPv4(ip) ? [ip, ip.slice(0, ip.lastIndexOf('.'))] : networks,
  }
}
