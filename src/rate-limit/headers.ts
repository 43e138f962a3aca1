import type { Verdict } from './moving-window.js'
import type { Policy } from './policies.js'

const toSeconds = (ms: number): number => Math.ceil(ms / 1000)

/**
 * `RateLimit-Policy`, such as `"login";q=10;w=60`, as in draft-ietf-httpapi-ratelimit-headers-11. The
 * same for every response of a route.
 */
export const policyHeader = (policies: readonly Policy[]): string =>
  policies.map(({ name, quota, windowMs }) => `"${name}";q=${quota};w=${toSeconds(windowMs)}`).join(', ')

/** `RateLimit`, such as `"login";r=9;t=60`: the remaining quota, and the seconds until it resets. */
export const stateHeader = (policies: readonly Policy[], { states }: Verdict): string =>
  policies
    .map(({ name }, i) => `"${name}";r=${states[i]?.remaining ?? 0};t=${toSeconds(states[i]?.resetMs ?? 0)}`)
    .join(', ')
