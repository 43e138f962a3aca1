import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'

export type Answer = { status: number; headers: Record<string, unknown>; body: unknown }

export type Client = {
  send: (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<Answer>
  close: () => void
}

/** A client with an address of its own, all of 127.0.0.0/8 being this machine: limits count each for itself. */
export function createClient(origin: string, localAddress: string, keepAlive = true): Client {
  const agent = new Agent({ keepAlive, maxSockets: 1, localAddress })
  const send: Client['send'] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const type = body ? { 'content-type': 'application/json' } : {}
      const req = request(`${origin}${path}`, { method, agent, headers: { ...type, ...headers } })
      req.on('error', reject).on('response', async (response) => {
        const isJson = /json/.test(response.headers['content-type'] ?? '')
        const text = isJson ? json(response) : response.resume().toArray()
        text.then((parsed) => {
          const { statusCode: status = 0, headers } = response
          resolve({ status, headers, body: isJson ? parsed : undefined })
        }, reject)
      })
      req.end(body && JSON.stringify(body))
    })
  return { send, close: () => agent.destroy() }
}
