import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { registerAt } from './signup-load.js'

type Target = { url: string; accessToken: string }

export type RequestLoad = {
  /** Waits until so many requests more, all of them begun after the call, were answered. Answers with those that failed. */
  answers: (count: number) => Promise<string[]>
  stop: () => Promise<Outcome>
}

type Outcome = {
  requests: number
  /** Answered with 503 and `Retry-After`. */
  told: number
  /** Anything else but a success, in words. */
  mistakes: string[]
  /** Whom a mail is due to. */
  registered: string[]
}

/** What clients do when they are told to come back, made short. */
const PAUSE_MS = 10

/** Reads, writes and registrations without a pause, at each of the processes, until it is stopped. */
export function startRequestLoad(targets: readonly Target[]): RequestLoad {
  const outcome: Outcome = { requests: 0, told: 0, mistakes: [], registered: [] }
  const watchers = new Set<(begun: number, failure: string | undefined) => void>()
  let begun = 0
  let isOver = false

  /** True when it succeeded. */
  const note = async (what: string, send: () => Promise<Response>): Promise<boolean> => {
    begun += 1
    const own = begun
    const failure = await send().then(failureOf, (error: Error) => `${error.message} (${error.cause})`)
    outcome.requests += 1
    if (failure === TOLD) outcome.told += 1
    else if (failure) outcome.mistakes.push(`${what}: ${failure}`)
    for (const watch of watchers) watch(own, failure && `${what}: ${failure}`)
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
      return note('PATCH /me', () => fetch(me, { method: 'PATCH', headers, body }))
    }
    const register = async () => {
      const email = `${randomUUID()}@example.com`
      if (await note('POST /auth/register', () => registerAt(url, email))) outcome.registered.push(email)
    }
    return [rename, () => note('GET /me', () => fetch(me, { headers })), register].map(repeat)
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

const TOLD = '503 with Retry-After'

async function failureOf(response: Response): Promise<string | undefined> {
  const text = await response.text()
  if (response.ok) return undefined
  const isTold = response.status === 503 && /^[1-9]\d*$/.test(response.headers.get('retry-after') ?? '')
  return isTold ? TOLD : `${response.status} ${text}`
}
