import { Forbidden, NotFound } from '../../../lib/errors/errors.js'
import type { Db } from '../../driver/client.js'
import type { Caller } from '../../tenancy/enter.js'
import { withOrganization } from '../../tenancy/scopes.js'

/**
 * A super_admin may read all entries. Other users must name an organization in which they have the
 * permission `audit.read`. Non-members get the same failure as for an unknown organization.
 * @throws {Forbidden} when the caller may not read the log
 */
export async function checkAuditAccess(
  db: Db,
  caller: Caller,
  organizationId: string | undefined,
): Promise<void> {
  if (caller.role === 'super_admin') return
  if (organizationId === undefined) throw new Forbidden()
  try {
    await withOrganization(db, caller, organizationId, 'audit.read', async () => undefined)
  } catch (error) {
    throw error instanceof NotFound ? new Forbidden() : error
  }
}
