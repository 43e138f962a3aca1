import { deleteRowsOfOrganization } from '../db/queries/organizations/organizations.js'
import type { Processor } from './processor.js'

/** For as long as it takes: what a worker that dies has deleted stays so, and another goes on. */
export const deleteOrganization: Processor<'delete-organization'> = ({ db }, { organizationId }) =>
  deleteRowsOfOrganization(db, organizationId)
