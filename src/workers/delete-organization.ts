import { deleteRowsOfOrganization } from '../db/queries/organizations/organizations.js'
import type { Processor } from './processor.js'

/** Deletes in batches. If the worker dies, the next attempt continues where it stopped. */
export const deleteOrganization: Processor<'delete-organization'> = ({ db }, { organizationId }) =>
  deleteRowsOfOrganization(db, organizationId)
