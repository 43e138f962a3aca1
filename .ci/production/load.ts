import { setTimeout as delay } from 'node:timers/promises'
import { type Client, createClient } from './client.js'

export type Load = {
  /** The addresses that must get a mail. */
  registered: string[]
  stop: () => Promise<{ requests: number; failures: string[] }>
}

export type SignedIn = { client: Client; accessToken: string; refreshToken: string }

type Sent = [method: string, path: string, body?: object, accessToken?: string]

/** Slow enough for the rate limits. */
const USER_PAUSE_MS = 250
const VISITOR_PAUSE_MS = 25
const REGISTRATION_PAUSE_MS = 700
const REFRESH_PAUSE_MS = 1_000
const VISITORS = 3

/** Sends reads, writes, sign-ups and token refreshes, on kept and on new connections, until it is stopped. */
export function startLoad(origin: string, users: readonly SignedIn[]): Load {
  const failures: string[] = []
  const registered: string[] = []
  let requests = 0
  let isOver = false

  /** Each request has a unique id, so that the logs show how often it arrived. */
  const expect = async (status: number, client: Client, [method, path, body, token]: Sent) => {
    requests += 1
    const headers = { 'x-request-id': `load-${requests}`, ...(token && { authorization: `Bearer ${token}` }) }
    try {
      const { status: actual, body: answer } = await client.send(method, path, body, headers)
      if (actual === status) return answer
      failures.push(`${method} ${path}: ${actual} ${JSON.stringify(answer)}`)
    } catch (error) {
      failures.push(`${method} ${path}: ${error}`)
    }
    return undefined
  }

  const repeat = async (pauseMs: number, work: (turn: number) => Promise<unknown>) => {
    for (let turn = 0; !isOver; turn += 1) {
      await work(turn)
      await delay(pauseMs)
    }
  }

  const use = ({ client, accessToken }: SignedIn) =>
    repeat(USER_PAUSE_MS, (turn) => {
      const write: Sent = ['PATCH', '/api/v1/me', { firstName: `Ada ${turn}` }, accessToken]
      return expect(200, client, turn % 2 ? write : ['GET', '/api/v1/me', undefined, accessToken])
    })
  const visit = (number: number) => {
    const client = createClient(origin, `127.0.2.${number}`, number === 1)
    return repeat(VISITOR_PAUSE_MS, () => expect(200, client, ['GET', '/healthz']))
  }
  const register = () =>
    repeat(REGISTRATION_PAUSE_MS, async (turn) => {
      const email = `visitor-${turn}@example.com`
      const client = createClient(origin, `127.0.3.${(turn % 250) + 1}`, false)
      const body = { email, password: 'a long and quiet sentence', firstName: 'Vera', lastName: 'Visitor' }
      registered.push(email)
      await expect(202, client, ['POST', '/api/v1/auth/register', body])
    })
  const refresh = ({ client, ...first }: SignedIn) => {
    let { refreshToken } = first
    return repeat(REFRESH_PAUSE_MS, async () => {
      const body = await expect(200, client, ['POST', '/api/v1/auth/refresh', { refreshToken }])
      refreshToken = (body as SignedIn | undefined)?.refreshToken ?? refreshToken
    })
  }

  const [refreshing, ...others] = users
  const work = [
    ...others.map(use),
    ...Array.from({ length: VISITORS }, (_, index) => visit(index + 1)),
    register(),
    ...(refreshing ? [refresh(refreshing)] : []),
  ]
  return {
    registered,
    stop: async () => {
      isOver = true
      await Promise.all(work)
      return { requests, failures }
    },
  }
}
