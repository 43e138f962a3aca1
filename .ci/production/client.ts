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

/** How many requests were told that there is too much to do, and came again. */
export const countShed = (): number => shed

/**
 * Of an overloaded process, and of nothing else: the proxy without a server, or a process without its database, says
 * something else, and that is a failure.
 */
const isShed = ({ status, body }: Answer): boolean =>
  status === 503 && /"detail":"The server is overloaded/.test(JSON.stringify(body))

/** A client with an address of its own, all of 127.0.0.0/8 being this machine: limits count each for itself. */
export function createClient(origin: string, localAddress: string, keepAlive = true): Client {
  const agent = new Agent({ keepAlive, maxSockets: 1, localAddress })
  const sendOnce: Client['send'] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const type = body ? { 'content-type': 'application/json' } : {}
      // The path as it is: a URL would lose its dots.
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
  /** Shed load is no failure: whoever comes again when he is told to is served. */
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
