import type { Checkout } from './checkout.js'
import { refuseTakenNames } from './conflicts.js'
import { withPermissions, withPublicReads, withRoutes } from './edits/tables-of-contents.js'
import { format } from './format.js'
import { refuseRepeatedNames } from './identifiers.js'
import type { Resource } from './resource.js'
import { resourceFiles } from './templates/index.js'

/** The whole text of each file to write, by path. */
export type Plan = ReadonlyMap<string, string>

/**
 * Computes the files of a resource, and writes nothing.
 * @throws {Refusal} when a name is taken
 */
export async function planResource(checkout: Checkout, resource: Resource): Promise<Plan> {
  refuseTakenNames(checkout, resource)
  const files = resourceFiles(resource)
  const edit = (path: string, change: (code: string, resource: Resource) => string) =>
    files.set(path, change(checkout.read(path), resource))
  edit('src/routes/index.ts', withRoutes)
  if (resource.owner === 'organization') edit('src/lib/auth/permissions.ts', withPermissions)
  if (resource.isPublicRead) edit('test/openapi.test.ts', withPublicReads)
  return formatAll(files)
}

/** @throws {Refusal} when a file declares a name twice */
export async function formatAll(files: Map<string, string>): Promise<Plan> {
  for (const [path, code] of files) refuseRepeatedNames(path, code)
  const formatted = [...files].map(async ([path, code]) => [path, await format(path, code)] as const)
  return new Map(await Promise.all(formatted))
}
