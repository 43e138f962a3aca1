import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { clientAddress, readAddress, trustedProxies } from '../../lib/network/client-address.js'

/**
 * What proxies say of the client: `request.ip`, `request.host` and `request.protocol`. Fastify's own `trustProxy` takes
 * whatever a proxy wrote for an address, a port included, and each would be another client to limits, logs and audit.
 */
async function clientAddresses(app: FastifyInstance, { proxies }: { proxies: readonly string[] }) {
  const isTrusted = trustedProxies(proxies)

  /** The last one: those before it were there when the proxy got the request. */
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
