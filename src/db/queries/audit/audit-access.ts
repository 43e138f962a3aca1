import { Forbidden, NotFound } from '../../../lib/errors/errors.js'
import type { Db } from '../../driver/client.js'
import type { Caller } from '../../tenancy/enter.js'
import { withOrganization } from '../../tenancy/scopes.js'

/**
 * A super_admin reads everything; other users what belongs to an organization that they name and may read the log of. One
 * that is not theirs and one that is not there are refused alike. Throws Forbidden.
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
