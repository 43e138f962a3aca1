import { OperatorError } from '../../../src/lib/errors/operator-error.js'
import type { Feature } from './feature.js'
import { jobsDashboard } from './jobs-dashboard.js'
import { projects } from './projects.js'
import { tracing } from './tracing.js'

/** Every feature that can be left out, by its name in `--without`. */
export const features: Readonly<Record<string, Feature>> = {
  'jobs-dashboard': jobsDashboard,
  projects,
  tracing,
}

/**
 * The names with those of the features that need them, sorted.
 * @throws {OperatorError} for a name that no feature has
 */
export function completed(names: readonly string[]): string[] {
  const all = new Set(names)
  // A set also visits what is added meanwhile.
  for (const name of all) {
    const feature = features[name]
    if (feature === undefined)
      throw new OperatorError(
        `there is no feature ${JSON.stringify(name)}: it is one of ${Object.keys(features).join(', ')}`,
      )
    for (const other of feature.neededBy ?? []) all.add(other)
  }
  return [...all].sort()
}
