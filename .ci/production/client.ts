import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

export type Answer = { status: number; headers: Record<string, unknown>; body: unknown }

export type Client = {
  send: (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<Answer>
  close: () => void
}

const MAX_ATTEMPTS = 5

let shed = 0

/** How many requests were refused because of overload, and retried. */
export const countShed = (): number => shed

/**
 * Whether an overloaded process refused the request. A 503 of the proxy without a server, or of a process
 * without its database, has another text and counts as a failure.
 */
const isShed = ({ status, body }: Answer): boolean =>
  status === 503 && /"detail":"The server is overloaded/.test(JSON.stringify(body))

/** A client with its own address, so that it has its own rate limits. All of 127.0.0.0/8 is this machine. */
export function createClient(origin: string, localAddress: string, keepAlive = true): Client {
  const agent = new Agent({ keepAlive, maxSockets: 1, localAddress })
  const sendOnce: Client['send'] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const type = body ? { 'content-type': 'application/json' } : {}
      // Sent unchanged: a URL object would resolve the dots in the path.
      const req = request(origin, { path, method, agent, headers: { ...type, ...headers } })
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
  /** Refusals because of overload are no failures: a client that retries after `Retry-After` is served. */
  const send: Client['send'] = async (...request) => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await sendOnce(...request)
      if (!isShed(answer) || attempt === MAX_ATTEMPTS) return answer
      shed += 1
      await delay(Number(answer.headers['retry-after']) * 1_000)
    }
  }
  return { send, close: () => agent.destroy() }
}
