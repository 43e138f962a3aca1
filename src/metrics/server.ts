import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hasBearerToken } from '../lib/auth/bearer.js'
import { METRICS_MEDIA_TYPE } from '../lib/observability/metrics.js'

export type MetricsServerOptions = {
  host: string
  port: number
  /** The bearer token that requests need; undefined for none. */
  token: string | undefined
  text: () => Promise<string>
}

/** A request of a scraper is one line and a few headers. */
const TIMEOUTS_MS = { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 2_000 }

/**
 * Serves `/metrics` on a separate port, which can stay closed to the internet. Returns its URL. Port 0
 * lets the system choose.
 */
export async function serveMetrics({ host, port, token, text }: MetricsServerOptions) {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const status = statusFor(request, token)
    const body = status === 200 && request.method === 'GET' ? await text() : undefined
    const headers = {
      'content-type': status === 200 ? METRICS_MEDIA_TYPE : 'text/plain',
      'cache-control': 'no-store',
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    }
    response.writeHead(status, headers).end(body)
  }
  const server = createServer(TIMEOUTS_MS, (request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  server.listen(port, host)
  await once(server, 'listening')
  const { address, port: openPort, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${openPort}/metrics`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function statusFor({ method = '', url, headers }: IncomingMessage, token: string | undefined): number {
  if (url?.split('?')[0] !== '/metrics') return 404
  if (!['GET', 'HEAD'].includes(method)) return 405
  return token === undefined || hasBearerToken(headers.authorization, token) ? 200 : 401
}
