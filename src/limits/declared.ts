import { OperatorError } from '../lib/operator-error.js'
import { type Policy, type RateLimits, toPolicies } from '../lib/rate-limit/policies.js'

/** For every route that declares nothing else; all of them count together. */
const DEFAULT: RateLimits = [{ name: 'default', limit: '300/minute', key: 'user' }]

export type Place = { method: string; url: string }

/** Throws with the route's name. */
export function declaredPolicies(place: Place, declared: RateLimits = DEFAULT): readonly Policy[] {
  if (declared === false) return []
  try {
    return toPolicies(declared, place)
  } catch (error) {
    throw new OperatorError(`The rate limits of ${place.method} ${place.url}: ${(error as Error).message}.`)
  }
}
