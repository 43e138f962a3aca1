import type { FastifyRequest } from 'fastify'
import { parseQuotas, type Quota } from './grammar.js'

const STRATEGIES = ['moving-window', 'fixed-window', 'fixed-window-elastic-expiry'] as const

export type Strategy = (typeof STRATEGIES)[number]

/** Which requests are counted together. Without a value, the client's address is the key. */
export type LimitKey =
  | 'address'
  | 'user'
  | `body.${string}`
  /** The pair of both, such as the requests of one user for one mailbox. */
  | `user+body.${string}`
  | ((request: FastifyRequest) => string | undefined)

export type RateLimit = {
  /** One quota or several, such as `5/minute`, `1 per 30 seconds` or `10/minute; 100/hour`. */
  limit: string
  /** By default `user`. */
  key?: LimitKey
  /** By default `moving-window`, the only one that never allows more than the quota in any window. */
  strategy?: Strategy
  /**
   * The name that clients see. Routes with the same name share one counter. By default the last word of the
   * path, with a counter for this route alone.
   */
  name?: string
}

/** The limits of a route. A request must satisfy all of them; `false` means no limit. */
export type RateLimits = RateLimit['limit'] | RateLimit | readonly RateLimit[] | false

/** A quota of a route. `scope` is the part of the key that routes with the same name share. */
export type Policy = Quota & { name: string; strategy: Strategy; key: LimitKey; scope: string }

type Place = { method: string; url: string }

const FIELDS = ['limit', 'key', 'strategy', 'name']
/** Needs no escaping in a string of RFC 9651. */
const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/
const BODY_KEY = /^(user\+)?body\.\w+$/

/**
 * Returns one policy for each quota.
 * @throws {Error} when the declaration is not valid; the message explains it
 */
export function toPolicies(declared: Exclude<RateLimits, false>, place: Place): Policy[] {
  const limits = typeof declared === 'string' ? [{ limit: declared }] : [declared].flat()
  if (limits.length === 0) throw new Error('rateLimits is empty: use false for no limit')
  const policies = (limits as RateLimit[]).flatMap((limit) => policiesOf(limit, place))
  return policies.map((policy, i) => {
    const sameBefore = policies.slice(0, i).filter(({ name }) => name === policy.name).length
    const name = sameBefore === 0 ? policy.name : `${policy.name}-${sameBefore + 1}`
    return { ...policy, name, scope: `${policy.scope}:${name}` }
  })
}

function policiesOf(declared: RateLimit, { method, url }: Place): Policy[] {
  const { limit, key = 'user', strategy = 'moving-window', name } = check(declared)
  // HEAD shares the counter of GET.
  const scope = name ?? `${method === 'HEAD' ? 'GET' : method} ${url}`
  return parseQuotas(limit).map((quota) => ({
    ...quota,
    name: name ?? nameOf(url),
    strategy,
    key,
    scope,
  }))
}

function check(declared: RateLimit): RateLimit {
  if (typeof declared !== 'object' || declared === null) throw new Error(`${declared} is not a limit`)
  const unknown = Object.keys(declared).find((field) => !FIELDS.includes(field))
  if (unknown) throw new Error(`"${unknown}" is not one of ${FIELDS.join(', ')}`)
  const { limit, key = 'user', strategy = 'moving-window', name } = declared
  if (typeof limit !== 'string') throw new Error(`limit must be a string such as 5/minute, not ${limit}`)
  if (!STRATEGIES.includes(strategy)) {
    throw new Error(`strategy must be one of ${STRATEGIES.join(', ')}, not ${strategy}`)
  }
  if (name !== undefined && !NAME.test(name))
    throw new Error(`name must consist of a-z, 0-9 and -, not ${name}`)
  if (!isKey(key)) throw new Error(`key must be address, user, body.<field> or a function, not ${key}`)
  return declared
}

const isKey = (key: unknown): boolean =>
  typeof key === 'function' || key === 'address' || key === 'user' || BODY_KEY.test(String(key))

const nameOf = (url: string): string => {
  const words = url.split('/').filter((word) => NAME.test(word))
  return words.at(-1) ?? 'root'
}

/** Whether the key is known only after the body has been parsed. */
export const readsBody = ({ key }: Policy): boolean => typeof key === 'string' && BODY_KEY.test(key)

/** The policy as the API description shows it. */
export const describePolicy = ({ name, quota, windowMs, strategy, key }: Policy) => ({
  name,
  limit: quota,
  windowSeconds: windowMs / 1000,
  key: typeof key === 'function' ? 'custom' : key,
  strategy,
})

export type PolicyDescription = ReturnType<typeof describePolicy>
