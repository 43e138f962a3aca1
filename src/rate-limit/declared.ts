import { OperatorError } from '../lib/errors/operator-error.js'
import { type Policy, type RateLimits, toPolicies } from './policies.js'

/** The limit of all routes that declare none. They share one counter. */
const DEFAULT: RateLimits = [{ name: 'default', limit: '300/minute', key: 'user' }]

export type Place = { method: string; url: string }

/** Parses the limits that routes declare, and checks that limits with the same name are the same. */
export class Declarations {
  readonly #byScope = new Map<string, { place: Place; policies: readonly Policy[] }>()

  /**
   * Returns the policies of a route: none for `false`, the default ones for undefined.
   * @throws {OperatorError} when the limits are not valid, or conflict with those of another route
   */
  read(place: Place, declared: RateLimits = DEFAULT): readonly Policy[] {
    if (declared === false) return []
    try {
      const policies = toPolicies(declared, place)
      for (const policy of policies) this.#register(policy, policies, place)
      return policies
    } catch (error) {
      throw new OperatorError(`The rate limits of ${place.method} ${place.url}: ${(error as Error).message}.`)
    }
  }

  /** Routes with the same name share one counter, so all limits of these routes must be the same. */
  #register({ name, scope }: Policy, policies: readonly Policy[], place: Place): void {
    const registered = this.#byScope.get(scope)
    if (registered && !areEqual(registered.policies, policies)) {
      const { method, url } = registered.place
      throw new Error(`"${name}" has other limits at ${method} ${url}: use the same limits, or another name`)
    }
    if (!registered) this.#byScope.set(scope, { place, policies })
  }
}

const areEqual = (some: readonly Policy[], others: readonly Policy[]): boolean =>
  some.length === others.length && some.every((policy, i) => isEqual(policy, others[i] as Policy))

const isEqual = (one: Policy, other: Policy): boolean =>
  (Object.keys(one) as (keyof Policy)[]).every((field) => one[field] === other[field])
