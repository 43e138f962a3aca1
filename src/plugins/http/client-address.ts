import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { clientAddress, readAddress, trustedProxies } from '../../lib/network/trusted-proxies.js'

/**
 * Reads `request.ip`, `request.host` and `request.protocol` from the headers of trusted proxies. Fastify's
 * own `trustProxy` accepts any text as an address, including one with a port: rate limits, logs and the audit
 * log would then see a new client for each port.
 */
async function clientAddresses(app: FastifyInstance, { proxies }: { proxies: readonly string[] }) {
  const isTrusted = trustedProxies(proxies)

  /** Only the last value is the proxy's own: the values before it came with the request. */
  const forwarded = ({ raw }: FastifyRequest, name: string): string | undefined => {
    const value = raw.headers[name]
    if (typeof value !== 'string' || !isTrusted(readAddress(raw.socket.remoteAddress) ?? '')) return undefined
    return value.slice(value.lastIndexOf(',') + 1).trim()
  }

  app.decorateRequest('ip', {
    getter() {
      return clientAddress(this.raw, isTrusted)
    },
  })
  app.decorateRequest('host', {
    getter() {
      return forwarded(this, 'x-forwarded-host') ?? this.headers.host ?? ''
    },
  })
  app.decorateRequest('protocol', {
    getter() {
      return (forwarded(this, 'x-forwarded-proto') ?? 'http') as 'http' | 'https'
    },
  })
}

export default fp(clientAddresses, { name: 'client-address' })
