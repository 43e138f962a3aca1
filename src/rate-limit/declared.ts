import { OperatorError } from '../lib/errors/operator-error.js'
import { type Policy, type RateLimits, toPolicies } from './policies.js'

/** For every route that declares nothing else; all of them count together. */
const DEFAULT: RateLimits = [{ name: 'default', limit: '300/minute', key: 'user' }]

export type Place = { method: string; url: string }

/** Reads what each route declares, and knows which names were given before. */
export class Declarations {
  readonly #byScope = new Map<string, { place: Place; policies: readonly Policy[] }>()

  /** @throws with the route's name */
  read(place: Place, declared: RateLimits = DEFAULT): readonly Policy[] {
    if (declared === false) return []
    try {
      const policies = toPolicies(declared, place)
      for (const policy of policies) this.#keep(policy, policies, place)
      return policies
    } catch (error) {
      throw new OperatorError(`The rate limits of ${place.method} ${place.url}: ${(error as Error).message}.`)
    }
  }

  /** One name, one counter: whoever counts with others has to allow as much, and to count beside the same other limits. */
  #keep({ name, scope }: Policy, policies: readonly Policy[], place: Place): void {
    const known = this.#byScope.get(scope)
    if (known && !areAlike(known.policies, policies)) {
      const { method, url } = known.place
      throw new Error(
        `"${name}" has other limits at ${method} ${url}: say the same ones, or give another name`,
      )
    }
    if (!known) this.#byScope.set(scope, { place, policies })
  }
}

const areAlike = (some: readonly Policy[], others: readonly Policy[]): boolean =>
  some.length === others.length && some.every((policy, i) => isAlike(policy, others[i] as Policy))

const isAlike = (one: Policy, other: Policy): boolean =>
  (Object.keys(one) as (keyof Policy)[]).every((field) => one[field] === other[field])
