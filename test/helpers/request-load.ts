import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { registerAt } from './signup-load.js'

type Target = { url: string; accessToken: string }

export type RequestLoad = {
  /**
   * Waits for the answers of this many further requests, all started after the call. Returns the
   * failures.
   */
  answers: (count: number) => Promise<string[]>
  stop: () => Promise<Outcome>
}

type Outcome = {
  requests: number
  /** The number of requests answered with 503 and `Retry-After`. */
  unavailable: number
  /** Descriptions of all other failures. */
  mistakes: string[]
  /** The addresses that must get a mail. */
  registered: string[]
}

/** The pause of a client after a failure, much shorter than `Retry-After`. */
const PAUSE_MS = 10

/** Sends reads, writes and registrations to each process without a pause, until it is stopped. */
export function startRequestLoad(targets: readonly Target[]): RequestLoad {
  const outcome: Outcome = { requests: 0, unavailable: 0, mistakes: [], registered: [] }
  const watchers = new Set<(begun: number, failure: string | undefined) => void>()
  let begun = 0
  let isOver = false

  /** Sends a request and records its outcome. Returns whether it succeeded. */
  const record = async (name: string, send: () => Promise<Response>): Promise<boolean> => {
    begun += 1
    const own = begun
    const failure = await send().then(failureOf, (error: Error) => `${error.message} (${error.cause})`)
    outcome.requests += 1
    if (failure === UNAVAILABLE) outcome.unavailable += 1
    else if (failure) outcome.mistakes.push(`${name}: ${failure}`)
    for (const watch of watchers) watch(own, failure && `${name}: ${failure}`)
    if (failure) await delay(PAUSE_MS)
    return failure === undefined
  }
  const repeat = async (work: () => Promise<unknown>) => {
    while (!isOver) await work()
  }

  const clients = targets.flatMap(({ url, accessToken }) => {
    const me = `${url}/api/v1/me`
    const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' }
    const rename = () => {
      const body = JSON.stringify({ firstName: randomUUID() })
      return record('PATCH /me', () => fetch(me, { method: 'PATCH', headers, body }))
    }
    const register = async () => {
      const email = `${randomUUID()}@example.com`
      if (await record('POST /auth/register', () => registerAt(url, email))) outcome.registered.push(email)
    }
    return [rename, () => record('GET /me', () => fetch(me, { headers })), register].map(repeat)
  })

  return {
    answers: (count) =>
      new Promise((resolve) => {
        const since = begun
        const failures: string[] = []
        let left = count
        const watch = (own: number, failure: string | undefined) => {
          if (own <= since) return
          if (failure) failures.push(failure)
          left -= 1
          if (left > 0) return
          watchers.delete(watch)
          resolve(failures)
        }
        watchers.add(watch)
      }),
    stop: async () => {
      isOver = true
      await Promise.all(clients)
      return outcome
    },
  }
}

const UNAVAILABLE = '503 with Retry-After'

async function failureOf(response: Response): Promise<string | undefined> {
  const text = await response.text()
  if (response.ok) return undefined
  const isUnavailable =
    response.status === 503 && /^[1-9]\d*$/.test(response.headers.get('retry-after') ?? '')
  return isUnavailable ? UNAVAILABLE : `${response.status} ${text}`
}
